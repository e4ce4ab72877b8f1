/*
 * Words, numbers and sizes in the reader's language.
 *
 * Whatever is said stays known, so that the language can change at any time: text gets onto the page by say() or data-t,
 * and as text only.
 */
import { language as kept } from "./memory.js";

const texts = { en: null, fr: null }; /* loaded when they are first spoken */
const said = new WeakMap(); /* an element's words, and the values in them */
const known = (tag) => tag?.slice(0, 2) in texts;
let language = [kept(), ...navigator.languages, "en"].find(known).slice(0, 2);

const format = (value, options) => new Intl.NumberFormat(language, options).format(value);
const inUnit = (value, unit, maximumFractionDigits, unitDisplay) =>
	format(value, { style: "unit", unit, unitDisplay, maximumFractionDigits });

/* Values that format themselves when they are said. */
export const count = (number) => () => format(number);
export const exact = (number) => () => format(number, { maximumSignificantDigits: 17 });
export const percent = (part) => () => format(part, { style: "percent" });
export const seconds = (number) => () => inUnit(number, "second", 0, "short");
export const bytes = (number) => () => {
	const step = Math.min(3, Math.floor(Math.log10(Math.max(number, 1)) / 3));
	const value = number / 1000 ** step;
	return inUnit(value, ["byte", "kilobyte", "megabyte", "gigabyte"][step], step && value < 100 ? 1 : 0, step ? "short" : "long");
};
export const duration = (number) => () => {
	if (number < 60) return inUnit(Math.max(5, Math.ceil(number / 5) * 5), "second", 0, "long");
	return number < 5400 ? inUnit(Math.round(number / 60), "minute", 0, "long") : inUnit(number / 3600, "hour", 1, "long");
};
/* A refusal's reason, by its code where that has words here, and else the service's own. */
export const reason = ({ code, reason: own }) => (code in texts[language].why ? () => texts[language].why[code] : own);
export const words = (key, values) => () => t(key, values);

/* The first few of many. */
export const names = (list) => () => {
	const first = list.slice(0, 3).join(", ");
	return list.length > 3 ? t("andMore", { names: first, n: list.length - 3 }) : first;
};

/* The text of a key; what stands in braces is taken from the values. */
export function t(key, values) {
	let text = texts[language][key];
	if (Array.isArray(text)) text = text[new Intl.PluralRules(language).select(values.n) === "one" ? 0 : 1];
	return text.replace(/\{(\w+)\}/g, (_, name) => {
		const value = values[name];
		return typeof value === "function" ? value() : typeof value === "number" ? format(value) : value;
	});
}

/* what: a key, a value that formats itself, or nothing. */
export function say(element, what, values) {
	element.dataset.t ??= "";
	said.set(element, [what, values]);
	const text = typeof what === "function" ? what() : what ? t(what, values) : "";
	if (element.textContent !== text) element.textContent = text;
}

/* Says all that is on the page; in another language, where one is given. */
export async function speak(code = language) {
	texts[code] ??= (await import(`./${code}.js`)).default;
	if (code !== language) kept(code);
	language = code;
	document.documentElement.lang = code;
	for (const element of document.querySelectorAll("[data-t]")) say(element, ...(said.get(element) ?? [element.dataset.t]));
	for (const element of document.querySelectorAll("[data-t-label]")) element.ariaLabel = t(element.dataset.tLabel);
}

export const otherLanguage = () => (language === "en" ? "fr" : "en");
