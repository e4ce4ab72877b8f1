/*
 * A list of any length: only the rows that can be seen are there.
 */
import { make } from "./dom.js";

const HEIGHT = 36, LARGEST = 320; /* of a row and of all that can be seen, as style.css has it */

export class Rows {
	#items = [];

	/* describe(item) gives a row's children. */
	constructor(box, describe) {
		this.box = box;
		this.describe = describe;
		this.list = make("ul");
		box.tabIndex = 0;
		box.role = "region";
		box.dataset.tLabel = "allFiles";
		box.replaceChildren(this.list);
		box.addEventListener("scroll", () => this.draw(), { passive: true });
		this.details = box.closest("details");
		this.details.addEventListener("toggle", () => this.draw());
	}

	show(items) {
		this.#items = items;
		this.list.style.height = items.length * HEIGHT + "px";
		this.draw();
	}

	/* After a change of the items: only if anybody may see it. */
	update() {
		if (this.details.open) this.draw();
	}

	draw() {
		/* While the step around it is hidden it has no height, but it may be shown at any time. */
		const height = this.box.clientHeight || LARGEST;
		const first = Math.max(0, Math.floor(this.box.scrollTop / HEIGHT) - 4);
		const last = Math.min(this.#items.length, first + Math.ceil(height / HEIGHT) + 8);
		this.list.style.paddingTop = first * HEIGHT + "px";
		this.list.replaceChildren(...this.#items.slice(first, last).map((item, i) => {
			const row = make("li", {}, ...this.describe(item));
			row.setAttribute("aria-posinset", first + i + 1);
			row.setAttribute("aria-setsize", this.#items.length);
			return row;
		}));
	}
}
