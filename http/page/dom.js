/*
 * The page's elements, and what all steps do with them.
 */
import { exact, say, t } from "./text.js";
import { Problem } from "./service.js";

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children);
	return element;
}

/* An element that says this. */
export function makeSaying(tag, what, values, properties) {
	const element = make(tag, properties);
	say(element, what, values);
	return element;
}

/* For those who hear the page. */
export function announce(key, values) {
	$("live").textContent = t(key, values);
}

/* Calls draw once before the next frame, however often it is asked to. */
export function onFrame(draw) {
	let due = 0;
	return () => {
		due ||= requestAnimationFrame(() => {
			due = 0;
			draw();
		});
	};
}

export function focusHead(name) {
	const head = document.querySelector(`#step-${name} h2`);
	head.tabIndex = -1;
	head.focus();
}

/* Shows one step, and moves the focus to its head. */
export function showStep(name, quietly) {
	document.body.dataset.step = name;
	for (const section of document.querySelectorAll("section")) section.hidden = section.id !== "step-" + name;
	const bar = { refused: "user", done: "upload" }[name] ?? name;
	let reached = false;
	for (const item of $("steps").children) {
		const here = item.dataset.step === bar;
		reached ||= here;
		item.classList.toggle("past", !reached || name === "done");
		if (here && name !== "done") item.setAttribute("aria-current", "step");
		else item.removeAttribute("aria-current");
	}
	$("steps").hidden = name === "start";
	scrollTo(0, 0);
	if (!quietly) focusHead(name);
}

/* The data that go with every picture, where somebody reads them before or after the upload. */
export function showData(step, { seed_name, nb_seeds, zoom_level }) {
	$(step + "-seed").textContent = seed_name;
	say($(step + "-nb-seeds"), exact(nb_seeds));
	say($(step + "-zoom"), exact(zoom_level));
}

/* Marks a field as wrong, or as right where there is no key; tells whether it is right. */
export function judge(input, key) {
	say($(input.id + "-error"), key);
	if (key) input.setAttribute("aria-invalid", "true");
	else input.removeAttribute("aria-invalid");
	return !key;
}

/* What went wrong in words of the reader; beneath it the service's own, if ours do not say it all or it is wished. */
export function showProblem(box, error, wished) {
	box.hidden = !error;
	if (!error) return box.replaceChildren();
	let key = "eBug";
	if (error.status === 0) key = "outage";
	else if (error instanceof Problem)
		key = [error.code, "e" + error.status].find((known) => /^NC00[125]$|^e4(0[13]|13)$/.test(known)) ?? "eOther";
	box.replaceChildren(makeSaying("p", key));
	if (error.message && (wished || !/^NC00[12]/.test(key)))
		box.append(make("p", { className: "detail", lang: "en", textContent: error.message }));
}
