/*
 * SHA-256 of bytes that come in parts (FIPS 180-4).
 *
 * The browser's own digest takes whole buffers, and exists in secure contexts only; this needs 64 bytes at a time.
 */
const K = constants();

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function constants() {
	const words = new Int32Array(64);
	for (let number = 2, n = 0; n < 64; number++) {
		let divisor = 2;
		while (number % divisor) divisor++;
		if (divisor === number) words[n++] = (Math.cbrt(number) % 1) * 2 ** 32;
	}
	return words;
}

export class Sha256 {
	#state = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
	#words = new Int32Array(64);
	#block = new Uint8Array(64);
	#filled = 0;
	#length = 0;

	update(bytes) {
		let at = 0;
		this.#length += bytes.length;
		if (this.#filled) {
			at = Math.min(64 - this.#filled, bytes.length);
			this.#block.set(bytes.subarray(0, at), this.#filled);
			this.#filled += at;
			if (this.#filled < 64) return this;
			this.#take(this.#block, 0);
		}
		for (; at + 64 <= bytes.length; at += 64) this.#take(bytes, at);
		this.#block.set(bytes.subarray(at));
		this.#filled = bytes.length - at;
		return this;
	}

	/* The hash as lower-case hexadecimal digits; nothing may follow. */
	hex() {
		const bits = this.#length * 8;
		const tail = new Uint8Array(this.#filled < 56 ? 64 - this.#filled : 128 - this.#filled);
		const view = new DataView(tail.buffer);
		tail[0] = 0x80;
		view.setUint32(tail.length - 8, Math.floor(bits / 2 ** 32));
		view.setUint32(tail.length - 4, bits >>> 0);
		this.update(tail);
		return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
	}

	#take(bytes, at) {
		const w = this.#words, s = this.#state;
		for (let i = 0; i < 16; i++, at += 4)
			w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
		for (let i = 16; i < 64; i++) {
			const x = w[i - 15], y = w[i - 2];
			w[i] = w[i - 16] + w[i - 7]
				+ (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3))
				+ (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10));
		}
		let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
		for (let i = 0; i < 64; i++) {
			const t = (h + K[i] + w[i] + ((e & f) ^ (~e & g))
				+ (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7)))) | 0;
			const u = ((a & b) ^ (a & c) ^ (b & c))
				+ (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10)));
			h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
		}
		s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
	}
}
