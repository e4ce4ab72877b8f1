/*
 * test/browser/lib/zlib.js: zlib's deflate, and the CRC-32 that Node lacks before 22.
 */
export { deflateSync } from "node:zlib";

const table = Int32Array.from({ length: 256 }, (_, n) => {
	for (let i = 0; i < 8; i++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
	return n;
});

export function crc32(bytes) {
	let crc = -1;
	for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
	return ~crc >>> 0;
}
