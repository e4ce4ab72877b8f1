/*
 * One upload: pictures are hashed, those that the service lacks are sent, and the set is made of all.
 *
 * Hashing, asking and sending go on beside each other: slices of the manifest go ahead as dry runs, and what they miss
 * is staged by a few lanes, each request bounded. The set is made last, by the whole manifest, which the service takes
 * whole or not at all; so an upload that ends anywhere can be begun again, and sends only what has not arrived.
 */
import { forget, hashAll } from "./hashes.js";
import { patience } from "./patience.js";
import { ask, Problem } from "./service.js";
import { bytes, reason, words } from "./text.js";

const LANES = 3;
const BATCH = { pictures: 100, bytes: 32e6 }; /* of one request; a larger picture goes alone */
const SLICE = { pictures: 400, bytes: 64e6 }; /* of one dry run */
const ROUNDS = 5; /* of sending what was swept meanwhile */
const PART_BYTES = 300; /* of a multipart body, beside the picture's own */

const GONE = Symbol(); /* nothing of a batch can be read any more */
/* A name as the service's refusals have it: cut after 1,024 bytes, between two characters. */
function shownName(name) {
	const utf8 = new TextEncoder().encode(name);
	return utf8.length > 1024 ? new TextDecoder().decode(utf8.subarray(0, 1024)).replace(/\ufffd+$/, "") + "..." : name;
}

const sizeOf = (pictures) => pictures.reduce((sum, { size }) => sum + size, 0);

export class Upload {
	#stop = new AbortController();
	#contents = new Map(); /* by hash: the pictures that have it, and whether it is stored */
	#queue = [];
	#open = false; /* whether more may come into the queue */
	#waiting = []; /* lanes without work */
	#flights = new Set(); /* requests under way, with the bytes that each has sent */
	#sent = 0;
	#settled = 0;
	count = 0; /* pictures that are settled */
	newBytes = 0;
	finishing = false;

	/* data is what the manifest holds beside the pictures; changed is called whenever something did. */
	constructor(pictures, data, limits, changed) {
		Object.assign(this, { pictures, data, limits, changed });
		this.bytes = sizeOf(pictures);
		this.batch = {
			pictures: Math.min(BATCH.pictures, limits.request_pictures),
			bytes: Math.min(BATCH.bytes, limits.request_bytes / 2),
		};
	}

	/* Bytes that went over the line, and bytes that need no more: stored, found there, or given up. */
	get sent() {
		return this.#sent + this.#flown;
	}
	get settled() {
		return Math.min(this.bytes, this.#settled + this.#flown);
	}
	get #flown() {
		let sum = 0;
		for (const flight of this.#flights) sum += flight.sent;
		return sum;
	}
	get bad() {
		return this.pictures.filter(({ state }) => state === "refused" || state === "lost");
	}

	cancel() {
		this.#end();
	}

	#end(reason) {
		this.#stop.abort(reason);
		this.#wake();
	}

	/* The service's answer, or null where there are bad pictures; throws a Problem, or an AbortError after cancel. */
	async run() {
		try {
			for (const picture of this.pictures) {
				Object.assign(picture, { state: "waiting", why: undefined });
				if (picture.size > this.limits.picture_bytes)
					this.#settle(picture, "refused", words("tooLargeWhy", { limit: bytes(this.limits.picture_bytes) }));
			}
			await this.#fill(() => this.#survey(this.pictures.filter(({ state }) => state === "waiting")));
			return await this.#commit();
		} finally {
			this.#end();
			patience.settle();
		}
	}

	/* Runs the lanes until all that the producer brings is sent; the first failure ends all. */
	async #fill(produce) {
		const guard = (work) => work.catch((error) => this.#end(error));
		this.#open = true;
		const lanes = Array.from({ length: LANES }, () => guard(this.#lane()));
		await guard(produce());
		this.#open = false;
		this.#wake();
		await Promise.all(lanes);
		this.#stop.signal.throwIfAborted();
	}

	#wake() {
		for (const wake of this.#waiting.splice(0)) wake();
	}

	#settle(picture, state, why) {
		if (picture.state === "waiting" || picture.state === "sending") {
			this.#settled += picture.size;
			this.count++;
		}
		Object.assign(picture, { state, why });
		this.changed();
	}

	#manifest(pictures, rest) {
		return { ...this.data, ...rest, pictures: pictures.map(({ name, sha256 }) => ({ name, sha256 })) };
	}

	/* Hashes all, and asks for each slice what is missing while the next is hashed. */
	async #survey(pictures) {
		const { signal } = this.#stop;
		let slice = [], size = 0, asked = Promise.resolve();
		const cut = () => {
			const whole = slice;
			slice = [];
			size = 0;
			asked = asked.then(() => this.#find(whole));
			asked.catch((error) => this.#end(error));
		};
		await hashAll(pictures, (picture) => {
			if (!picture.sha256) return this.#settle(picture, "lost", words("lostWhy"));
			slice.push(picture);
			size += picture.size;
			if (slice.length >= SLICE.pictures || size >= SLICE.bytes) cut();
		}, signal);
		cut();
		await asked;
	}

	/* Queues what the service lacks of these. */
	async #find(slice) {
		const { signal } = this.#stop;
		let answer;
		while (slice.length && !answer) {
			try {
				({ answer } = await ask("batch-import", () => this.#manifest(slice, { dry_run: true }), { signal }));
			} catch (error) {
				if (!this.#refuse(error, slice)) throw error;
				slice = slice.filter(({ state }) => state === "waiting");
			}
		}
		const missing = new Set(answer?.missing);
		for (const picture of slice) {
			let content = this.#contents.get(picture.sha256);
			if (!content) {
				content = { sha256: picture.sha256, pictures: [], stored: !missing.has(picture.sha256) };
				this.#contents.set(picture.sha256, content);
				if (!content.stored) this.#queue.push(content);
			}
			content.pictures.push(picture);
			if (content.stored) this.#settle(picture, "there");
		}
		this.#wake();
	}

	/* Marks the pictures that the service's answer names as not acceptable; tells whether there are any. */
	#refuse({ errors }, pictures) {
		const byName = new Map(errors && pictures.map((picture) => [shownName(picture.name), picture]));
		const before = this.bad.length;
		for (const refusal of errors ?? []) {
			const picture = byName.get(refusal.name);
			if (picture && picture.state !== "refused") this.#settle(picture, "refused", reason(refusal));
		}
		return this.bad.length > before;
	}

	async #lane() {
		for (let batch; (batch = await this.#nextBatch()); ) await this.#stage(batch);
	}

	async #nextBatch() {
		const { signal } = this.#stop;
		while (!this.#queue.length && this.#open && !signal.aborted)
			await new Promise((resolve) => this.#waiting.push(resolve));
		signal.throwIfAborted();
		if (!this.#queue.length) return null;
		let count = 0, size = 0;
		do size += this.#queue[count++].pictures[0].size + PART_BYTES;
		while (count < this.#queue.length && count < this.batch.pictures
			&& size + this.#queue[count].pictures[0].size <= this.batch.bytes);
		return this.#queue.splice(0, count);
	}

	/* Sends the contents of a batch; those that can't be read any more drop out of it. */
	async #stage(batch) {
		const flight = { sent: 0 };
		this.#flights.add(flight);
		for (const { pictures } of batch) pictures[0].state = "sending";
		const body = () => {
			const form = new FormData();
			if (this.data.email) form.append("email", this.data.email);
			/* Parts are told from each other by their order: names come with the manifest. */
			batch.forEach(({ pictures }, i) => form.append("pictures", pictures[0].file, String(i)));
			return form;
		};
		try {
			const { answer } = await ask("batch-import?stage=true", body, {
				signal: this.#stop.signal,
				progress: (sent) => {
					flight.sent = Math.min(sent, sizeOf(batch.map(({ pictures }) => pictures[0])));
					this.changed();
				},
				check: () => this.#dropLost(batch),
			});
			this.#flights.delete(flight);
			this.#sent += answer.bytes;
			this.newBytes += answer.new_bytes;
			batch.forEach((content, i) => this.#take(content, answer.pictures[i]));
		} catch (error) {
			if (error.status === 413) this.#halve(batch);
			else if (error !== GONE) throw error;
		} finally {
			this.#flights.delete(flight);
		}
	}

	/* A proxy before the service may take less at once than the service does. */
	#halve(batch) {
		if (batch.length === 1)
			for (const picture of batch[0].pictures) this.#settle(picture, "refused", reason({ code: "too_large" }));
		else {
			this.batch.pictures = Math.ceil(batch.length / 2);
			this.#queue.unshift(...batch);
		}
	}

	/* What the service says of one content that it was sent. */
	#take(content, said) {
		if (said?.sha256 !== content.sha256) return this.#lose(content);
		content.stored = true;
		for (const picture of content.pictures) this.#settle(picture, said.reason ? "refused" : "done", reason(said));
	}

	/* Gives up the file that was to bring a content; another one with the same bytes may still do so. */
	#lose(content) {
		const picture = content.pictures.shift();
		forget(picture);
		this.#settle(picture, "lost", words("lostWhy"));
		if (content.pictures.length) this.#queue.push(content);
		else this.#contents.delete(content.sha256);
	}

	/* A file that is gone or changed fails like a lost line does: only reading it tells them apart. */
	async #dropLost(batch) {
		for (const content of [...batch]) {
			try {
				await content.pictures[0].file.slice(0, 1).arrayBuffer();
			} catch {
				batch.splice(batch.indexOf(content), 1);
				this.#lose(content);
			}
		}
		if (!batch.length) throw GONE;
	}

	/* For a content that was there, and was swept before the set was made. */
	#sendAgain(content) {
		for (const picture of content.pictures) {
			picture.state = "waiting";
			this.#settled -= picture.size;
			this.count--;
		}
		this.#queue.push(content);
	}

	async #commit() {
		const { signal } = this.#stop;
		for (let round = 1; !this.bad.length; round++) {
			this.finishing = true;
			this.changed();
			try {
				return await ask("batch-import", () => this.#manifest(this.pictures), { signal });
			} catch (error) {
				if (error.status === 409 && error.missing?.length && round < ROUNDS) {
					await this.#fill(async () => error.missing.forEach((sha256) => this.#sendAgain(this.#contents.get(sha256))));
				} else if (!this.#refuse(error, this.pictures)) throw error;
			}
		}
		return null;
	}
}
