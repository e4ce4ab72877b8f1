/*
 * The hashes of chosen pictures, made by workers and kept for the next time.
 *
 * A kept hash holds as long as path, size and time of the file do. It only spares work: the service hashes what it
 * receives, and a picture that is not what its hash says is found out then.
 */
import { recall, keep } from "./memory.js";
import { whyNone } from "./service.js";

const WORKERS = Math.min(4, navigator.hardwareConcurrency || 2);
const RECALLED = 500; /* files looked up at once */
const KEPT = 100; /* hashes written at once */

const keyOf = (picture) => [picture.path, picture.size, picture.file.lastModified].join("\n");

/* For a file that turned out not to be what its hash says. */
export function forget(picture) {
	picture.sha256 = undefined;
	keep([[keyOf(picture), undefined]]);
}

/* One worker's turn after turn, until there is no next picture. */
function work(next, done, signal) {
	const worker = new Worker(new URL("hash_worker.js", import.meta.url), { type: "module" });
	return new Promise((resolve, reject) => {
		let picture;
		const turn = () => {
			picture = signal.aborted ? undefined : next();
			if (picture) worker.postMessage(picture.file);
			else resolve();
		};
		worker.onmessage = ({ data }) => {
			if (data.error) picture.state = "lost";
			else picture.sha256 = data.sha256;
			done(picture);
			turn();
		};
		/* Without a message its script did not come. */
		worker.onerror = async ({ message }) => reject(message ? new Error(message) : await whyNone());
		signal.addEventListener("abort", resolve, { once: true });
		turn();
	}).finally(() => worker.terminate());
}

/*
 * Gives each picture its sha256, or the state "lost" where it can't be read, and calls done with it; resolves when all
 * are done or the signal is aborted.
 */
export async function hashAll(pictures, done, signal) {
	const rest = [];
	for (let at = 0; at < pictures.length && !signal.aborted; at += RECALLED) {
		const some = pictures.slice(at, at + RECALLED);
		const known = await recall(some.map(keyOf));
		some.forEach((picture, i) => {
			picture.sha256 ??= known[i];
			if (picture.sha256) done(picture);
			else rest.push(picture);
		});
	}
	let fresh = [];
	const flush = () => {
		keep(fresh);
		fresh = [];
	};
	const made = (picture) => {
		if (picture.sha256 && fresh.push([keyOf(picture), picture.sha256]) >= KEPT) flush();
		done(picture);
	};
	let at = 0;
	const next = () => rest[at++];
	const count = Math.min(WORKERS, rest.length);
	await Promise.all(Array.from({ length: count }, () => work(next, made, signal))).finally(flush);
}
