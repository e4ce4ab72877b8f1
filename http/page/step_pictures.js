/*
 * The step that takes a folder and shows what is in it, before anything is sent.
 *
 * What the service will surely refuse is left out, and can be put back: the service decides what a picture is. What lies in a
 * folder with another seed's name is asked about. Both are groups of pictures, by kind, that are left out or not.
 */
import { $, announce, make, makeSaying, showData, showStep } from "./dom.js";
import { fromDrop, fromInput } from "./files.js";
import { canShow, flawOf } from "./looks.js";
import { Rows } from "./rows.js";
import { seedFinder } from "./seed_folders.js";
import { bytes, count, names, reason, say, words } from "./text.js";

const THUMBS = 8;
const LOOKED_AT = 32; /* files looked into at once */
const FINAL = ["tooLarge", "name_not_utf8"]; /* kinds that can't be put back */

const madeOf = ({ made }) => ({ n: made.files, names: names([...made.names]) });

/* calls.start is given the pictures to upload and what is left out (an entry may stand for several files), calls.back leads to the step before. */
export function setUpPictures(session, calls) {
	const drop = $("drop"), review = $("review"), notices = $("review-notices");
	const rows = new Rows($("review-list"), (picture) => [
		make("span", { textContent: picture.name }),
		isOut(picture) ? makeSaying("span", "out", {}, { className: "odd" }) : makeSaying("span", bytes(picture.size)),
	]);
	let choice = null;
	let seedOf = null;

	/* --- what is left out ---------------------------------------------------------------------------- */
	/* The group of a picture, of those that may be left out. */
	function kindOf(picture) {
		if (picture.size > session.form.limits.picture_bytes) return "tooLarge";
		if (picture.flaw) return picture.flaw;
		if (picture.state === "refused" || picture.state === "lost") return "refused";
		const seed = seedOf(picture);
		return seed && seed !== session.data.seed_name ? "otherSeed" : "";
	}

	/* choice.out has what was decided of a kind; what other seeds are depends on the seed. */
	const keyOf = (kind) => (kind === "otherSeed" ? kind + session.data.seed_name : kind);
	const decided = (kind) => choice.out.get(keyOf(kind)) ?? (kind === "otherSeed" ? undefined : !!kind);
	const isOut = (picture) => !!decided(kindOf(picture));

	function whyOut(picture) {
		const kind = kindOf(picture);
		if (kind === "tooLarge") return words("tooLargeWhy", { limit: bytes(session.form.limits.picture_bytes) });
		return kind === "otherSeed" ? words("otherSeedWhy", { seed: seedOf(picture) }) : picture.why ?? reason({ code: kind });
	}

	/* --- what was chosen ----------------------------------------------------------------------------- */
	/* buttons: a key, the values in it, and what it does, of each. */
	function notice(key, values, ...buttons) {
		const box = make("p", { className: key === "made" ? "hint" : "notice" }, makeSaying("span", key, values));
		for (const [label, act, more] of buttons) {
			const press = makeSaying("button", label, more, { type: "button" });
			press.onclick = act;
			box.append(" ", press);
		}
		notices.append(box);
		return box;
	}

	function decide(kind, leaveOut) {
		choice.out.set(keyOf(kind), leaveOut);
		draw();
		($("start").disabled ? notices.querySelector("button") : $("start"))?.focus();
	}

	/* Says what is, or could be, left out of one kind. */
	function noticeOf(kind, some) {
		const out = decided(kind);
		const values = { n: some.length, names: names(some.map(({ name }) => name)), why: kind === "refused" ? "" : whyOut(some[0]) };
		const leave = ["leaveOut", () => decide(kind, true)], put = ["putBack", () => decide(kind, kind === "otherSeed" ? undefined : false)];
		if (out) notice("outNow", values, ...(FINAL.includes(kind) ? [] : [put]));
		else if (kind !== "otherSeed") notice("suspects", values, leave);
		else if (out === undefined) {
			const { seed_name: seed } = session.data;
			const others = names([...new Set(some.map(seedOf))]);
			notice("otherSeed", { n: some.length, names: others, seed }, leave, ["keep", () => decide(kind, false), { seed }],
				["otherSeedBack", calls.back]).id = "question";
		}
	}

	function draw() {
		const { manifest_pictures = Infinity } = session.form.limits;
		const groups = new Map(), taken = [];
		for (const picture of choice.pictures) {
			const kind = kindOf(picture);
			if (kind && !groups.get(kind)?.push(picture)) groups.set(kind, [picture]);
			if (!decided(kind)) taken.push(picture);
		}
		const n = taken.length;
		say($("review-count"), count(n));
		const out = choice.pictures.length - n + choice.made.files + choice.unreadable.length;
		say($("review-out"), count(out));
		$("review-out").parentNode.hidden = !out;
		say($("review-bytes"), bytes(taken.reduce((sum, { size }) => sum + size, 0)));
		showData("review", session.data);
		notices.replaceChildren();
		if (n > manifest_pictures) notice("tooMany", { n: manifest_pictures });
		for (const [kind, some] of groups) noticeOf(kind, some);
		if (choice.unreadable.length) notice("unreadable", { names: names(choice.unreadable) });
		if (choice.made.files) notice("made", madeOf(choice));
		say($("start"), choice.looked ? "start" : "looking", { n });
		$("start").disabled = !choice.looked || !n || n > manifest_pictures;
		rows.show(choice.pictures);
	}

	/* A few from all over the folder; each address is given back as soon as its picture is there, or fails. */
	function drawThumbs() {
		const shown = choice.pictures.filter(canShow);
		const some = shown.filter((_, i) => (i * THUMBS) % shown.length < THUMBS);
		$("thumbs").replaceChildren(...some.map(({ file, name }) => {
			const image = make("img", { alt: name, title: name });
			const item = make("li", {}, image);
			image.onload = () => URL.revokeObjectURL(image.src);
			image.onerror = () => {
				URL.revokeObjectURL(image.src);
				item.remove();
			};
			image.src = URL.createObjectURL(file);
			return item;
		}));
	}

	/* Looks into all files, some at a time; another choice ends it. What can't be read is for the upload to name. */
	async function lookInto(mine) {
		for (let at = 0; at < mine.pictures.length && choice === mine; at += LOOKED_AT)
			await Promise.all(mine.pictures.slice(at, at + LOOKED_AT).map(async (picture) => {
				picture.flaw ||= await flawOf(picture.file).catch(() => undefined);
			}));
		mine.looked = true;
		if (choice === mine) draw();
	}

	function take(chosen) {
		if (!chosen.pictures.length) {
			const why = chosen.made.files ? "emptyMade" : "empty";
			say($("drop-text"), why, madeOf(chosen));
			return announce(why, madeOf(chosen));
		}
		choice = Object.assign(chosen, { out: new Map() });
		/* An upload that was interrupted goes on under the name that it had. */
		if (!session.interrupted || session.title !== chosen.title) session.name = chosen.title;
		session.title = chosen.title;
		$("set-name").value = session.name;
		drawThumbs();
		seedOf = seedFinder(session.form.seed_names);
		draw();
		show();
		lookInto(chosen);
	}

	/* --- how it is chosen ---------------------------------------------------------------------------- */
	for (const kind of ["folder", "files"]) {
		const input = $(kind + "-input");
		$("pick-" + kind).onclick = () => input.click();
		input.onchange = () => {
			take(fromInput(input));
			input.value = "";
		};
	}

	const here = ({ dataTransfer }) => !$("step-pictures").hidden && dataTransfer.types.includes("Files");
	let over = false;
	const mark = (now) => {
		if (now === over) return;
		over = now;
		drop.classList.toggle("over", over);
		say($("drop-text"), over ? "dropNow" : "dropHere");
	};
	/* Wherever it is let go: the browser would open the file in the page's place. */
	document.addEventListener("dragover", (event) => {
		event.preventDefault();
		event.dataTransfer.dropEffect = here(event) ? "copy" : "none";
		mark(here(event));
	});
	document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || mark(false));
	document.addEventListener("drop", async (event) => {
		event.preventDefault();
		mark(false);
		if (!here(event)) return;
		clear();
		show(true);
		take(await fromDrop(event.dataTransfer, (n) => say($("drop-text"), "scanning", { n })));
	});

	/* --- the step ------------------------------------------------------------------------------------ */
	function show(quietly) {
		drop.hidden = !!choice;
		review.hidden = !choice;
		say($("pictures-head"), choice ? "reviewHead" : "chooseHead");
		say($("pictures-lead"), choice ? "reviewLead" : "chooseLead");
		say($("resume"), session.interrupted && "resume", { name: session.interrupted });
		$("resume").hidden = !!choice || !session.interrupted;
		showStep("pictures", quietly);
	}

	function clear() {
		choice = null;
		rows.show([]);
		$("thumbs").replaceChildren();
		say($("drop-text"), "dropHere");
	}

	$("back").onclick = calls.back;
	$("choose-again").onclick = () => {
		clear();
		show();
	};
	review.onsubmit = (event) => {
		event.preventDefault();
		const question = $("question");
		if (question) return question.querySelector("button").focus();
		session.name = $("set-name").value.trim();
		const { pictures, made, unreadable } = choice;
		const out = pictures.filter(isOut);
		for (const picture of out) picture.why = whyOut(picture);
		out.unshift(...unreadable.map((name) => ({ name, why: words("lost") })));
		if (made.files) out.unshift({ name: "", why: words("made", madeOf(choice)), files: made.files });
		calls.start(pictures.filter((picture) => !isOut(picture)), out);
	};

	return {
		clear,
		show() {
			if (choice) draw();
			show();
		},
	};
}
