/*
 * The seed's field: a combobox with a list that narrows as one types (ARIA Authoring Practices, editable combobox).
 *
 * The focus stays in the field; the list's active option is named by aria-activedescendant.
 */
import { announce, make, makeSaying } from "./dom.js";

const SHOWN = 60;
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

export class Combobox {
	#names = [];
	#active = -1;

	constructor(input, list) {
		Object.assign(this, { input, list });
		input.addEventListener("input", () => this.#open());
		input.addEventListener("click", () => (list.hidden ? this.#open() : this.#close()));
		input.addEventListener("blur", () => this.#close());
		input.addEventListener("keydown", (event) => this.#key(event));
		/* Before the field loses the focus. */
		list.addEventListener("pointerdown", (event) => event.preventDefault());
		list.addEventListener("click", ({ target }) => target.role === "option" && this.#choose(target));
	}

	set names(names) {
		this.#names = names.map((name) => ({ name, plain: plain(name) }));
	}

	/* The name that the field holds, in whatever case it was typed; undefined where it is none. */
	get value() {
		const wanted = plain(this.input.value);
		return this.#names.find((row) => row.plain === wanted)?.name;
	}

	get #options() {
		return [...this.list.children].filter((item) => item.role === "option");
	}

	#open() {
		const wanted = plain(this.input.value);
		const all = this.value ? this.#names : this.#names.filter((row) => row.plain.includes(wanted));
		const starts = (row) => row.plain.startsWith(wanted);
		const found = [...all.filter(starts), ...all.filter((row) => !starts(row))];
		const items = found.slice(0, SHOWN).map((row, i) =>
			make("li", { role: "option", id: "seed-" + i, textContent: row.name, ariaSelected: "false" }));
		if (!found.length) items.push(makeSaying("li", "seedNone", null, { role: "presentation" }));
		if (found.length > SHOWN)
			items.push(makeSaying("li", "seedMore", { n: found.length - SHOWN }, { role: "presentation" }));
		this.list.replaceChildren(...items);
		this.list.hidden = false;
		this.input.setAttribute("aria-expanded", "true");
		this.#activate(-1);
		announce(found.length ? "seedCount" : "seedNone", { n: found.length });
	}

	#close() {
		this.list.hidden = true;
		this.input.setAttribute("aria-expanded", "false");
		this.#activate(-1);
	}

	#activate(index) {
		this.#active = index;
		this.#options.forEach((option, i) => (option.ariaSelected = String(i === index)));
		const option = this.#options[index];
		option?.scrollIntoView({ block: "nearest" });
		if (option) this.input.setAttribute("aria-activedescendant", option.id);
		else this.input.removeAttribute("aria-activedescendant");
	}

	#choose(option) {
		this.input.value = option.textContent;
		this.#close();
		this.input.dispatchEvent(new Event("change"));
	}

	#key(event) {
		const { key } = event;
		const down = key === "ArrowDown", open = !this.list.hidden;
		if (down || key === "ArrowUp") {
			event.preventDefault();
			if (!open) this.#open();
			const count = this.#options.length;
			if (count) this.#activate((this.#active + (down ? 1 : this.#active < 0 ? 0 : -1) + count) % count);
		} else if (key === "Enter" && open && this.#active >= 0) {
			event.preventDefault();
			this.#choose(this.#options[this.#active]);
		} else if (key === "Escape") {
			if (open) this.#close();
			else this.input.value = "";
		}
	}
}
