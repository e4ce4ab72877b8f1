/*
 * The upload session from one step to the next: who, what, which pictures, upload.
 *
 * Each step calls back with what it found out. What was typed outlives a reload; the files do not, because a browser
 * gives a page no files that were not chosen.
 */
import { $, announce, judge, showProblem, showStep } from "./dom.js";
import { session as remembered } from "./memory.js";
import { patience } from "./patience.js";
import { ask } from "./service.js";
import { setUpPictures } from "./step_pictures.js";
import { setUpSeeds } from "./step_seeds.js";
import { setUpUpload } from "./step_upload.js";
import { otherLanguage, say, seconds, speak } from "./text.js";

const session = { interrupted: null, ...remembered() };
const save = () => remembered({ ...session, form: undefined });

/* --- who ------------------------------------------------------------------------------------------- */

/* Asks what the form needs. */
async function learn(email) {
	const { answer } = await ask("picture-form", () => (email ? { email } : {}));
	session.form = answer;
	seeds.names = answer.seed_names;
	return answer;
}

/* Begins as somebody; without an address where the service itself knows who asks. */
async function enter(email, quietly) {
	const answer = await learn(email);
	session.email = email;
	$("user-email").textContent = answer.email;
	$("user").hidden = false;
	$("user-change").hidden = !email;
	/* Who is signed in is not asked who he is. */
	$("steps").firstElementChild.hidden = !email;
	save();
	showStep("seeds", quietly);
}

async function start() {
	showStep("start", true);
	try {
		if (session.email) await enter(session.email, true).catch(() => enter("", true));
		else await enter("", true);
	} catch (error) {
		if (error.code === "NC005") return showStep("user", true);
		say($("refused-head"), error.status === 401 ? "signIn" : "notOpen");
		showProblem($("refused-problem"), error, true);
		if (error.status === 401) say($("refused-problem").firstElementChild, "signInLead");
		showStep("refused");
	}
}

$("refused-again").onclick = start;
$("user-form").onsubmit = async (event) => {
	event.preventDefault();
	const email = $("email");
	showProblem($("user-problem"), null);
	email.value = email.value.trim();
	if (!judge(email, /^\S+@\S+$/.test(email.value) ? null : "emailWrong")) return email.focus();
	const button = event.submitter ?? event.target.querySelector("button");
	button.disabled = true;
	await enter(email.value).catch((error) => showProblem($("user-problem"), error));
	button.disabled = false;
};
$("user-change").onclick = () => {
	$("user").hidden = true;
	$("email").value = session.email;
	showStep("user");
};

/* --- what, which, upload ------------------------------------------------------------------------------ */

const seeds = setUpSeeds(session, () => {
	save();
	pictures.show();
});
/* Seeds may have been registered meanwhile, or removed. */
const toSeeds = () => {
	showStep("seeds");
	learn(session.email).catch(() => {});
};
const pictures = setUpPictures(session, {
	back: toSeeds,
	start: (chosen, out) => {
		session.interrupted = session.name || chosen[0].path;
		save();
		upload.show(chosen, out);
	},
});
const upload = setUpUpload(session, {
	back: () => pictures.show(),
	done: () => {
		session.interrupted = null;
		save();
		pictures.clear();
	},
	another: toSeeds,
});

/* --- the whole page ------------------------------------------------------------------------------------- */

patience.addEventListener("change", () => {
	const { problem, seconds: left, troubled } = patience;
	const was = !$("outage").hidden;
	$("outage").hidden = !troubled;
	if (troubled !== was) announce(troubled ? "outage" : "outageOver");
	if (!troubled) return;
	$("outage-detail").textContent = problem.message;
	if (!navigator.onLine) say($("outage-wait"), "offline");
	else say($("outage-wait"), "outageWait", { time: seconds(left) });
});
$("outage-now").onclick = patience.tryNow;

async function switchLanguage(code) {
	await speak(code);
	$("language").lang = otherLanguage();
}
$("language").onclick = () => switchLanguage(otherLanguage()).catch(() => announce("outage"));
await switchLanguage();
$("loading").remove();
start();
