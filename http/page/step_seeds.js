/*
 * The step that asks what the pictures show: seed, seeds in each picture, zoom.
 */
import { Combobox } from "./combobox.js";
import { $, judge, showStep } from "./dom.js";
import { say } from "./text.js";

/* A number as people write it, with a comma too; NaN where it is none. */
const numberOf = (text) => (text.trim() ? Number(text.trim().replace(",", ".")) : NaN);

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
	const judgeCount = () => {
		const value = numberOf(count.value);
		return judge(count, Number.isInteger(value) && value >= 1 ? null : "nbSeedsWrong");
	};
	const judgeZoom = () => {
		const value = numberOf(zoom.value);
		return judge(zoom, value > 0 && Number.isFinite(value) ? null : "zoomWrong");
	};
	seed.onchange = judgeSeed;
	count.onchange = judgeCount;
	zoom.onchange = judgeZoom;

	$("seeds-form").onsubmit = (event) => {
		event.preventDefault();
		const wrong = [[seed, judgeSeed()], [count, judgeCount()], [zoom, judgeZoom()]].find(([, right]) => !right);
		if (wrong) return wrong[0].focus();
		seed.value = combobox.value;
		session.data = { seed_name: seed.value, nb_seeds: numberOf(count.value), zoom_level: numberOf(zoom.value) };
		onward();
	};

	return {
		show(names, quietly) {
			combobox.names = names;
			say($("seed-hint"), "seedHint", { n: names.length });
			showStep("seeds", quietly);
		},
	};
}
