/*
 * The step that uploads: how far it is, what went wrong and what can be done about it, and the end.
 */
import { $, announce, focusHead, make, makeSaying, onFrame, showData, showProblem, showStep } from "./dom.js";
import { patience } from "./patience.js";
import { Rate } from "./rate.js";
import { Rows } from "./rows.js";
import { bytes, count, duration, percent, say } from "./text.js";
import { Upload } from "./upload.js";

const LISTED = 20; /* bad pictures told at once; the list of all files has the others */
const LISTED_LAST = 1000; /* at the end */

/* A reason is the service's text or our own words. */
const whyOf = ({ why }) => (typeof why === "function" ? makeSaying("span", why)
	: make("span", { lang: "en", textContent: why ?? "" }));

/* Some of the bad pictures with their reasons; the rest is counted. */
function listBad(box, bad, limit) {
	const items = bad.slice(0, limit).map((picture) => make("li", {}, make("b", { textContent: picture.name }), " ", whyOf(picture)));
	if (bad.length > limit) items.push(makeSaying("li", "badOthers", { n: bad.length - limit }));
	box.replaceChildren(...items);
}

/* calls.back leads to the pictures; calls.done is called when the set is made. */
export function setUpUpload(session, calls) {
	const all = new Rows($("up-list"), (picture) => [
		make("span", { textContent: picture.name }),
		makeSaying("span", picture.state, {}, { className: "state " + picture.state }),
	]);
	let upload = null, rate = null, tenth = 0;
	let leftOut = [], stored = 0; /* pictures and bytes, over all attempts */

	/* --- under way ------------------------------------------------------------------------------------ */
	const draw = onFrame(() => {
		if ($("running").hidden) return;
		/* What was sent is not yet stored. */
		const part = upload.finishing ? 1 : Math.min(0.99, upload.bytes ? upload.settled / upload.bytes : 0);
		const left = rate.secondsLeft(upload.bytes - upload.settled);
		$("bar").value = part;
		say($("percent"), percent(Math.floor(part * 100) / 100));
		say($("up-count"), "ofAll", { done: upload.count, all: upload.pictures.length });
		say($("up-bytes"), "ofAll", { done: bytes(upload.settled), all: bytes(upload.bytes) });
		const moving = !patience.troubled;
		say($("up-rate"), moving && rate.sent ? "perSecond" : "unknown", { size: bytes(rate.sent) });
		say($("up-left"), moving && left ? "about" : "unknown", { time: duration(left) });
		if (upload.finishing) say($("upload-head"), "finishing");
		all.update();
		if (Math.floor(part * 10) > tenth) {
			tenth = Math.floor(part * 10);
			announce("announce", { percent: percent(tenth / 10), done: upload.count, all: upload.pictures.length });
		}
	});

	const warn = (event) => event.preventDefault();

	/* A machine that falls asleep ends the upload. A page that is not seen loses the lock. */
	let awake = null;
	const stayAwake = () => {
		if (document.visibilityState === "visible") awake = navigator.wakeLock?.request("screen").catch(() => null);
	};
	const sleep = async (lock) => (await lock)?.release();

	async function run(pictures) {
		const { email, data, name } = session;
		const { limits } = session.form;
		const mine = new Upload(pictures, { ...data, ...(email && { email }), ...(name && { name }) }, limits, draw);
		upload = mine;
		rate = new Rate();
		tenth = 0;
		face("uploadHead", ["cancel"], "cancel");
		all.show(pictures);
		showStep("upload");
		draw();
		const timer = setInterval(() => {
			rate.note(mine.sent, mine.settled);
			draw();
		}, 500);
		addEventListener("beforeunload", warn);
		document.addEventListener("visibilitychange", stayAwake);
		stayAwake();
		try {
			const answered = await mine.run().finally(() => (stored += mine.newBytes));
			if (answered) finish(answered);
			else showBad(mine);
		} catch (error) {
			showStopped(error);
		} finally {
			clearInterval(timer);
			removeEventListener("beforeunload", warn);
			document.removeEventListener("visibilitychange", stayAwake);
			sleep(awake);
		}
	}

	/* What the step shows: its head, the buttons, and what the last of them says. */
	function face(head, buttons, cancel, values) {
		say($("upload-head"), head, values);
		for (const id of ["leave-out", "again", "cancel"]) $(id).hidden = !buttons.includes(id);
		say($("cancel"), cancel);
		$("running").hidden = cancel !== "cancel";
		$("bad").hidden = true;
		showProblem($("upload-problem"), null);
	}

	/* --- how it ends ------------------------------------------------------------------------------------ */
	function showStopped(error) {
		const cancelled = error.name === "AbortError";
		face("stopped", ["again", "cancel"], "backToPictures");
		if (!cancelled) showProblem($("upload-problem"), error);
		$("upload-problem").append(makeSaying("p", "stoppedLead"));
		$("upload-problem").hidden = false;
		focusHead("upload");
	}

	function showBad({ bad, pictures }) {
		const good = pictures.length - bad.length;
		face("badHead", good ? ["leave-out", "cancel"] : ["cancel"], "backToPictures", { n: bad.length });
		listBad($("bad"), bad, LISTED);
		$("bad").hidden = false;
		$("upload-problem").replaceChildren(makeSaying("p", "stoppedLead"));
		$("upload-problem").hidden = false;
		say($("leave-out"), "goOn", { n: good });
		all.show([...bad, ...pictures.filter((picture) => !bad.includes(picture))]);
		focusHead("upload");
	}

	function finish({ status, answer }) {
		const { pictures: n } = answer;
		say($("done-head"), "doneHead", { n });
		say($("done-lead"), status === 200 && !stored ? "doneSame" : "doneLead");
		$("done-id").textContent = answer.picture_set_id;
		$("done-name").textContent = session.name;
		$("done-name").parentNode.hidden = !session.name;
		showData("done", session.data);
		say($("done-new"), bytes(stored));
		say($("done-there"), bytes(Math.max(0, answer.bytes - stored)));
		say($("done-left-out"), count(leftOut.reduce((sum, { files = 1 }) => sum + files, 0)));
		$("done-left-out").parentNode.hidden = $("done-out").hidden = !leftOut.length;
		listBad($("done-out-list"), leftOut, LISTED_LAST);
		calls.done();
		showStep("done");
		announce("doneHead", { n });
	}

	$("cancel").onclick = () => {
		if (!$("running").hidden) upload.cancel();
		else calls.back();
	};
	$("again").onclick = () => run(upload.pictures);
	$("leave-out").onclick = () => {
		const { bad, pictures } = upload;
		leftOut.push(...bad);
		run(pictures.filter((picture) => !bad.includes(picture)));
	};
	$("another").onclick = calls.another;

	return {
		show(pictures, out) {
			leftOut = out;
			stored = 0;
			run(pictures);
		},
	};
}
