/*
 * test/browser/lib/pictures.js: folders of small pictures, and of files that are none.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "./zlib.js";

function chunk(type, data) {
	const bytes = Buffer.alloc(data.length + 12);
	bytes.writeUInt32BE(data.length);
	bytes.write(type, 4, "latin1");
	data.copy(bytes, 8);
	bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
	return bytes;
}

/* Bytes that another seed makes others of, and the same seed the same. */
export function noise(length, seed) {
	const parts = [];
	for (let i = 0, made = 0; made < length; i++, made += 64) parts.push(createHash("sha512").update(`${seed}:${i}`).digest());
	return Buffer.concat(parts).subarray(0, length);
}

/* A whole PNG of seeds on a tray, roughly: a colour for the tray, ellipses for the seeds. */
export function png(seed, width = 96, height = 96) {
	const random = noise(64, seed);
	const tray = [200 + (random[0] % 50), 200 + (random[1] % 45), 190 + (random[2] % 40)];
	const grains = Array.from({ length: 4 }, (_, i) => ({
		x: width * (0.2 + (random[8 + i] / 255) * 0.6), y: height * (0.2 + (random[16 + i] / 255) * 0.6),
		a: width * (0.1 + (random[24 + i] / 255) * 0.08), b: width * (0.06 + (random[32 + i] / 255) * 0.05),
	}));
	const rows = Buffer.alloc(height * (width * 3 + 1));
	for (let y = 0, at = 0; y < height; y++) {
		rows[at++] = 0;
		for (let x = 0; x < width; x++) {
			const grain = grains.find((g) => ((x - g.x) / g.a) ** 2 + ((y - g.y) / g.b) ** 2 < 1);
			const shade = grain ? 60 - (((x - grain.x) / grain.a + (y - grain.y) / grain.b) * 18) : 0;
			for (let i = 0; i < 3; i++) rows[at++] = grain ? Math.max(0, shade + [25, 8, 0][i]) : tray[i];
		}
	}
	const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
	header.writeUInt32BE(width, 0);
	header.writeUInt32BE(height, 4);
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk("IHDR", header),
		chunk("tEXt", Buffer.from(`Comment\0${seed}`)), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
	]);
}

/* A grey BMP of exactly this many bytes, of noise: cheap to make large. */
export function bmp(size, seed) {
	const head = 54 + 1024, width = 256, height = Math.floor((size - head) / width);
	const bytes = Buffer.alloc(size);
	bytes.write("BM");
	bytes.writeUInt32LE(size, 2);
	bytes.writeUInt32LE(size - width * height, 10);
	bytes.writeUInt32LE(40, 14);
	bytes.writeInt32LE(width, 18);
	bytes.writeInt32LE(height, 22);
	bytes.writeUInt16LE(1, 26);
	bytes.writeUInt16LE(8, 28);
	for (let i = 0; i < 256; i++) bytes.writeUInt32LE(i * 0x10101, 54 + 4 * i);
	const block = noise(Math.min(65536, size - head), seed);
	for (let at = head; at < size; at += block.length) block.copy(bytes, at);
	return bytes;
}

/* Writes files, a path to bytes each, below a folder; returns the folder. */
export function writeAll(folder, files) {
	for (const [name, bytes] of Object.entries(files)) {
		const path = join(folder, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, bytes);
	}
	return folder;
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
