/*
 * Whether a file looks like a picture, by its first bytes: a hint, for the service decides.
 */
export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const SIGNATURES = [
	/^ffd8ff/, /^89504e470d0a1a0a/, /^474946383[79]61/, /^424d/, /^49492[ab]00/, /^4d4d002[ab]/, /^52494646.{8}57454250/,
];

export async function looksLikePicture(file) {
	const hex = hexOf(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
	return SIGNATURES.some((signature) => signature.test(hex));
}

/* What this browser can show as a thumbnail. */
export const canShow = (picture) => picture.size < 12e6 && /\.(jpe?g|png|gif|bmp|webp)$/i.test(picture.name);
