/*
 * The worker that hashes pictures: a file comes in, its SHA-256 goes out.
 *
 * It reads into one buffer, over and over: buffers of their own for each part are garbage faster than it is collected.
 * What can't be read any more (gone, or changed since it was chosen) is an error of that file alone.
 */
import { hexOf } from "./looks.js";
import { Sha256 } from "./sha256.js";

const PART = 4 << 20;
let buffer = new ArrayBuffer(PART);

/* A file's bytes in parts, each good until the next is asked for. */
async function* partsOf(file) {
	let reader = null;
	/* A read that failed has kept it. */
	if (!buffer.byteLength) buffer = new ArrayBuffer(PART);
	try {
		reader = file.stream().getReader({ mode: "byob" });
	} catch {
		/* not every browser reads into buffers */
	}
	for (let at = 0; at < file.size; ) {
		let part, filled = 0;
		do {
			if (!reader) part = new Uint8Array(await file.slice(at, at + PART).arrayBuffer());
			else ({ value: part } = await reader.read(new Uint8Array(buffer, filled, PART - filled)));
			if (!part?.length) throw new Error("the file ends too early");
			if (reader) ({ buffer } = part);
			filled += part.length;
			at += part.length;
		} while (filled < PART && at < file.size);
		yield reader ? new Uint8Array(buffer, 0, filled) : part;
	}
}

async function hash(file) {
	const sha256 = new Sha256();
	for await (const part of partsOf(file)) {
		if (crypto.subtle && part.length === file.size)
			return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", part)));
		sha256.update(part);
	}
	return sha256.hex();
}

onmessage = async ({ data }) => {
	try {
		postMessage({ sha256: await hash(data) });
	} catch (error) {
		postMessage({ error: error.name });
	}
};
