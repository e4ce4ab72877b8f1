/*
 * How fast an upload goes, over the last ten seconds.
 */
const SPAN = 10000;

export class Rate {
	#notes = [];

	/* Bytes that went over the line so far, and bytes that are settled. */
	note(sent, settled) {
		const now = performance.now();
		this.#notes.push({ now, sent, settled });
		while (this.#notes.length > 2 && now - this.#notes[0].now > SPAN) this.#notes.shift();
	}

	#per(what) {
		const first = this.#notes[0], last = this.#notes.at(-1);
		if (!first || last.now - first.now < 1000) return 0;
		return Math.max(0, (last[what] - first[what]) / (last.now - first.now) * 1000);
	}

	get sent() {
		return this.#per("sent");
	}

	/* 0 where it can't be told. */
	secondsLeft(bytes) {
		const rate = this.#per("settled");
		return rate ? bytes / rate : 0;
	}
}
