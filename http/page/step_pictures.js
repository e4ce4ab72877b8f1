/*
 * The step that takes a folder and shows what is in it, before anything is sent.
 *
 * What looks like no picture is pointed out and left out only when asked for: the service decides what a picture is.
 */
import { $, announce, make, makeSaying, onFrame, showData, showStep } from "./dom.js";
import { fromDrop, fromInput } from "./files.js";
import { canShow, looksLikePicture } from "./looks.js";
import { Rows } from "./rows.js";
import { bytes, count, names, say } from "./text.js";

const THUMBS = 8;
const LOOKED_AT = 32; /* files looked into at once */

const madeOf = ({ made }) => ({ n: made.files, names: names([...made.names]) });
const namesOf = (pictures) => names(pictures.map(({ name }) => name));

/* calls.start is given the pictures to upload, calls.back leads to the step before. */
export function setUpPictures(session, calls) {
	const drop = $("drop"), review = $("review"), notices = $("review-notices");
	const rows = new Rows($("review-list"), ({ name, size, odd }) => [
		make("span", { textContent: name, className: odd ? "odd" : "" }),
		makeSaying("span", bytes(size)),
	]);
	let choice = null;
	let out = new Set(); /* those that the reader left out */

	const taken = () => choice.pictures.filter((picture) => !out.has(picture));

	/* --- what was chosen ----------------------------------------------------------------------------- */
	function notice(key, values, button, act) {
		const box = make("p", { className: key === "made" ? "hint" : "notice" }, makeSaying("span", key, values));
		if (button) {
			const press = makeSaying("button", button, {}, { type: "button" });
			press.onclick = act;
			box.append(" ", press);
		}
		notices.append(box);
	}

	function offerToLeaveOut(key, some, values) {
		if (some.length)
			notice(key, { n: some.length, names: namesOf(some), ...values }, "leaveOut", () => {
				some.forEach((picture) => out.add(picture));
				draw();
				$("start").focus();
			});
	}

	function draw() {
		const pictures = taken();
		const { picture_bytes, manifest_pictures = Infinity } = session.form.limits;
		const large = pictures.filter(({ size }) => size > picture_bytes);
		say($("review-count"), count(pictures.length));
		say($("review-bytes"), bytes(pictures.reduce((sum, { size }) => sum + size, 0)));
		showData("review", session.data);
		say($("start"), "start", { n: pictures.length });
		notices.replaceChildren();
		if (pictures.length > manifest_pictures) notice("tooMany", { n: manifest_pictures });
		offerToLeaveOut("tooLarge", large, { limit: bytes(picture_bytes) });
		offerToLeaveOut("suspects", pictures.filter(({ odd, size }) => odd && size <= picture_bytes));
		if (out.size)
			notice("outNow", { names: namesOf([...out]) }, "putBack", () => {
				out = new Set();
				draw();
			});
		if (choice.unreadable.length) notice("unreadable", { names: names(choice.unreadable) });
		if (choice.made.files) notice("made", madeOf(choice));
		$("start").disabled = !pictures.length || pictures.length > manifest_pictures;
		rows.show(pictures);
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

	/* Looks into all files, some at a time; another choice ends it. */
	async function lookInto(mine) {
		const redraw = onFrame(() => choice === mine && draw());
		for (let at = 0; at < mine.pictures.length && choice === mine; at += LOOKED_AT)
			await Promise.all(mine.pictures.slice(at, at + LOOKED_AT).map(async (picture) => {
				picture.odd = !(await looksLikePicture(picture.file).catch(() => false));
				if (picture.odd) redraw();
			}));
	}

	function take(chosen) {
		if (!chosen.pictures.length) {
			const why = chosen.made.files ? "emptyMade" : "empty";
			say($("drop-text"), why, madeOf(chosen));
			return announce(why, madeOf(chosen));
		}
		choice = chosen;
		out = new Set();
		session.name = chosen.root;
		$("set-name").value = chosen.root;
		drawThumbs();
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
		session.name = $("set-name").value.trim();
		calls.start(taken());
	};

	return {
		clear,
		show() {
			if (choice) draw();
			show();
		},
		/* Back from an upload, with what it left of the choice. */
		review(rest) {
			const kept = new Set(rest);
			choice.pictures.forEach((picture) => kept.has(picture) || out.add(picture));
			draw();
			show();
		},
	};
}
