/*
 * What a file looks like by its first bytes: a hint, for the service decides.
 */
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const SIGNATURES = [
	/^ffd8ff/, /^89504e470d0a1a0a/, /^474946383[79]61/, /^424d/, /^49492[ab]00/, /^4d4d002[ab]/, /^52494646.{8}57454250/,
];

/* What people take for pictures, or put beside them: the service's code for each. */
const OTHERS = [
	["unsupported_format", /^.{8}66747970(6865|6d69|6d73|6176|6a70)|^0000000c6a|^ff4fff51/],
	["video", /^.{8}66747970|^52494646.{8}41564920|^1a45dfa3/],
	["empty", /^$/],
	["not_a_picture", /^/],
];

/* The code for which the service will refuse a file, so far as that can be told at once; undefined for a picture. */
export async function flawOf(file) {
	const hex = hexOf(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
	if (!SIGNATURES.some((signature) => signature.test(hex))) return OTHERS.find(([, signature]) => signature.test(hex))[0];
}

/* What this browser can show as a thumbnail. */
export const canShow = (picture) => picture.size < 12e6 && /\.(jpe?g|png|gif|bmp|webp)$/i.test(picture.name);
