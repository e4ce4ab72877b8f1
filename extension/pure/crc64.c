/*
 * extension/pure/crc64.c
 *		CRC-64/NVME, sixteen bytes at a step, by carry-less multiplication where the processor has it.
 *
 * tables[n][b] is what a byte b does to the checksum when n more bytes follow it, so that the bytes of a
 * step are looked up independently of each other ("slicing"; M. Kounavis and F. Berry, A Systematic
 * Approach to Building High Performance Software-Based CRC Generators, 2005). Folding keeps sixteen bytes
 * that have the same checksum as all before them, and leaves those to the tables (V. Gopal et al., Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel, 2009).
 */
#include "crc64.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5) /* reflected */
#define STEP       16

static uint64_t tables[STEP][256];

static void
make_tables(void)
{
	for (unsigned byte = 0; byte < 256; byte++)
	{
		uint64_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (int follow = 1; follow < STEP; follow++)
	{
		for (unsigned byte = 0; byte < 256; byte++)
		{
			uint64_t crc = tables[follow - 1][byte];

			tables[follow][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
		}
	}
}

/* Sixteen bytes behind a checksum, whose bits are still inverted. */
static uint64_t
step(uint64_t crc, const unsigned char *bytes)
{
	return tables[15][bytes[0] ^ (crc & 0xff)] ^ tables[14][bytes[1] ^ (crc >> 8 & 0xff)] ^
	       tables[13][bytes[2] ^ (crc >> 16 & 0xff)] ^ tables[12][bytes[3] ^ (crc >> 24 & 0xff)] ^
	       tables[11][bytes[4] ^ (crc >> 32 & 0xff)] ^ tables[10][bytes[5] ^ (crc >> 40 & 0xff)] ^
	       tables[9][bytes[6] ^ (crc >> 48 & 0xff)] ^ tables[8][bytes[7] ^ crc >> 56] ^
	       tables[7][bytes[8]] ^ tables[6][bytes[9]] ^ tables[5][bytes[10]] ^ tables[4][bytes[11]] ^
	       tables[3][bytes[12]] ^ tables[2][bytes[13]] ^ tables[1][bytes[14]] ^
	       tables[0][bytes[15]];
}

#if defined(__x86_64__)

/* x to the power of n modulo the polynomial, reflected: the highest bit stands for x to the power of 0. */
static uint64_t
power(int n)
{
	uint64_t rest = UINT64_C(1) << 63;

	for (; n > 0; n--)
		rest = (rest >> 1) ^ ((rest & 1) != 0 ? POLYNOMIAL : 0);
	return rest;
}

/*
 * The same for several steps. A product of two reflected numbers comes out one place too high, so that the
 * halves of sixteen bytes are moved on by 128 bits where they are multiplied by powers of one less.
 */
static __attribute__((target("pclmul"))) uint64_t
fold(uint64_t crc, const unsigned char *bytes, size_t steps)
{
	const __m128i factors = _mm_set_epi64x((long long) power(127), (long long) power(191));
	__m128i sum =
	    _mm_xor_si128(_mm_loadu_si128((const __m128i *) bytes), _mm_cvtsi64_si128((long long) crc));
	unsigned char rest[STEP];

	for (size_t i = 1; i < steps; i++)
	{
		__m128i moved = _mm_xor_si128(_mm_clmulepi64_si128(sum, factors, 0x00),
		                              _mm_clmulepi64_si128(sum, factors, 0x11));

		sum = _mm_xor_si128(moved, _mm_loadu_si128((const __m128i *) (bytes + i * STEP)));
	}
	_mm_storeu_si128((__m128i *) rest, sum);
	return step(0, rest);
}

#endif

uint64_t
nachet_crc64_add(uint64_t crc, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;

	if (tables[0][1] == 0)
		make_tables();
	crc = ~crc;
#if defined(__x86_64__)
	if (length >= 8 * STEP && __builtin_cpu_supports("pclmul"))
	{
		crc = fold(crc, next, length / STEP);
		next += length / STEP * STEP;
		length %= STEP;
	}
#endif
	for (; length >= STEP; length -= STEP, next += STEP)
		crc = step(crc, next);
	for (; length > 0; length--, next++)
		crc = (crc >> 8) ^ tables[0][(crc ^ *next) & 0xff];
	return ~crc;
}
