/*
 * The step that asks what the pictures show: seed, seeds in each picture, zoom.
 */
import { Combobox } from "./combobox.js";
import { $, judge } from "./dom.js";
import { say } from "./text.js";

/*
 * Numbers as the service takes them, and beyond that only what can be read in one way: a decimal comma, and a
 * magnification's sign. NaN for all else: what the service would refuse is not made into another number here.
 */
const INT32_MAX = 2 ** 31 - 1;
const wholeOf = (text) => (/^\d{1,10}$/.test(text) && text <= INT32_MAX ? Number(text) : NaN);
const decimalIn = (text) => /^(?:[x×]\s*)?(\d+(?:[.,]\d+)?)(?:\s*[x×])?$/i.exec(text)?.[1] ?? "";
const zoomOf = (text) => Number(decimalIn(text).replace(",", ".") || NaN);
/* A thousand and more in one language, a little more than one in another. */
const hasTwoReadings = (text) => /^[1-9]\d{0,2}[.,]\d{3}$/.test(decimalIn(text));

/* What was typed goes to session.data; onward is called when all of it is right. */
export function setUpSeeds(session, onward) {
	const seed = $("seed"), count = $("nb-seeds"), zoom = $("zoom");
	const combobox = new Combobox(seed, $("seed-list"));
	const { data } = session;

	if (data) {
		seed.value = data.seed_name;
		count.value = data.nb_seeds;
		zoom.value = data.zoom_level;
	}
	const judgeSeed = () => judge(seed, combobox.value ? null : "seedWrong");
	const judgeCount = () => judge(count, wholeOf(count.value.trim()) >= 1 ? null : "nbSeedsWrong");
	const judgeZoom = () => {
		const text = zoom.value.trim();
		const value = zoomOf(text);
		if (hasTwoReadings(text)) return judge(zoom, "zoomTwoReadings");
		return judge(zoom, value > 0 && value < Infinity ? null : "zoomWrong");
	};
	seed.onchange = judgeSeed;
	count.onchange = judgeCount;
	zoom.onchange = judgeZoom;

	$("seeds-form").onsubmit = (event) => {
		event.preventDefault();
		const wrong = [[seed, judgeSeed()], [count, judgeCount()], [zoom, judgeZoom()]].find(([, right]) => !right);
		if (wrong) return wrong[0].focus();
		seed.value = combobox.value;
		session.data = { seed_name: seed.value, nb_seeds: wholeOf(count.value.trim()), zoom_level: zoomOf(zoom.value.trim()) };
		onward();
	};

	return {
		set names(names) {
			combobox.names = names;
			say($("seed-hint"), "seedHint", { n: names.length });
		},
	};
}
