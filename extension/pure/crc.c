/*
 * extension/pure/crc.c
 *		CRC-64/NVME and CRC-32, sixteen bytes at a step, by carry-less multiplication if the
 *		processor has it.
 *
 * tables[n][b] is what a byte b does to the checksum when n more bytes follow it, so that the bytes
 * of a step are looked up independently of each other ("slicing"; M. Kounavis and F. Berry, A
 * Systematic Approach to Building High Performance Software-Based CRC Generators, 2005). Folding
 * keeps sixteen bytes that have the same checksum as all before them, in four lanes that do not
 * wait for each other, and leaves the last sixteen to the tables (V. Gopal et al., Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction, Intel, 2009).
 *
 * A checksum of 32 bits stands in the low half of a word of 64, so that one code serves both. The
 * tables are made once, by the first caller, whatever threads there are.
 */
#include "crc.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define STEP  16
#define LANES 4

typedef struct Crc
{
	uint64_t polynomial; /* reflected */
	int bits;
	uint64_t tables[STEP][256];
	/* x to the powers that move bytes on by one step, and by one in each lane: see fold */
	uint64_t one_step[2];
	uint64_t all_lanes[2];
} Crc;

static Crc crc64 = {.polynomial = UINT64_C(0x9A6C9329AC4BC9B5), .bits = 64};
static Crc crc32 = {.polynomial = UINT64_C(0xEDB88320), .bits = 32};

/*
 * x to the power of n modulo the polynomial, reflected: the highest bit stands for x to the power
 * of 0.
 */
static uint64_t
power(const Crc *crc, int n)
{
	int lowest = 64 - crc->bits;
	uint64_t rest = UINT64_C(1) << 63;

	for (; n > 0; n--)
	{
		uint64_t carry = rest >> lowest & 1;

		rest = (rest >> 1 >> lowest << lowest) ^ (carry != 0 ? crc->polynomial << lowest : 0);
	}
	return rest;
}

static void
make_tables(Crc *crc)
{
	for (unsigned byte = 0; byte < 256; byte++)
	{
		uint64_t rest = byte;

		for (int bit = 0; bit < 8; bit++)
			rest = (rest >> 1) ^ ((rest & 1) != 0 ? crc->polynomial : 0);
		crc->tables[0][byte] = rest;
	}
	for (int follow = 1; follow < STEP; follow++)
	{
		for (unsigned byte = 0; byte < 256; byte++)
		{
			uint64_t rest = crc->tables[follow - 1][byte];

			crc->tables[follow][byte] = (rest >> 8) ^ crc->tables[0][rest & 0xff];
		}
	}
	/*
	 * A product of two reflected numbers comes out one place too high: hence the powers less one.
	 */
	crc->one_step[0] = power(crc, 8 * STEP + 63);
	crc->one_step[1] = power(crc, 8 * STEP - 1);
	crc->all_lanes[0] = power(crc, 8 * STEP * LANES + 63);
	crc->all_lanes[1] = power(crc, 8 * STEP * LANES - 1);
}

static void
make_all_tables(void)
{
	make_tables(&crc64);
	make_tables(&crc32);
}

/* Sixteen bytes behind a checksum, whose bits are still inverted. */
static uint64_t
step(const Crc *crc, uint64_t sum, const unsigned char *bytes)
{
	const uint64_t(*tables)[256] = crc->tables;

	return tables[15][bytes[0] ^ (sum & 0xff)] ^ tables[14][bytes[1] ^ (sum >> 8 & 0xff)] ^
	       tables[13][bytes[2] ^ (sum >> 16 & 0xff)] ^ tables[12][bytes[3] ^ (sum >> 24 & 0xff)] ^
	       tables[11][bytes[4] ^ (sum >> 32 & 0xff)] ^ tables[10][bytes[5] ^ (sum >> 40 & 0xff)] ^
	       tables[9][bytes[6] ^ (sum >> 48 & 0xff)] ^ tables[8][bytes[7] ^ sum >> 56] ^
	       tables[7][bytes[8]] ^ tables[6][bytes[9]] ^ tables[5][bytes[10]] ^ tables[4][bytes[11]] ^
	       tables[3][bytes[12]] ^ tables[2][bytes[13]] ^ tables[1][bytes[14]] ^
	       tables[0][bytes[15]];
}

#if defined(__x86_64__)

static __attribute__((target("pclmul"))) __m128i
load(const unsigned char *bytes)
{
	return _mm_loadu_si128((const __m128i *) bytes);
}

/* Sixteen bytes moved on by the distance of the powers, and added to those that lie there. */
static __attribute__((target("pclmul"))) __m128i
move(__m128i sum, const uint64_t powers[2], __m128i there)
{
	__m128i factors = _mm_set_epi64x((long long) powers[1], (long long) powers[0]);

	return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, factors, 0x00),
	                                   _mm_clmulepi64_si128(sum, factors, 0x11)),
	                     there);
}

/* The same as step for so many steps, at least LANES of them. */
static __attribute__((target("pclmul"))) uint64_t
fold(const Crc *crc, uint64_t sum, const unsigned char *bytes, size_t steps)
{
	__m128i lanes[LANES];
	unsigned char rest[STEP];
	size_t at = LANES;

	for (int i = 0; i < LANES; i++)
		lanes[i] = load(bytes + i * STEP);
	lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128((long long) sum));
	for (; at + LANES <= steps; at += LANES)
		for (int i = 0; i < LANES; i++)
			lanes[i] = move(lanes[i], crc->all_lanes, load(bytes + (at + (size_t) i) * STEP));
	for (int i = 1; i < LANES; i++)
		lanes[0] = move(lanes[0], crc->one_step, lanes[i]);
	for (; at < steps; at++)
		lanes[0] = move(lanes[0], crc->one_step, load(bytes + at * STEP));
	_mm_storeu_si128((__m128i *) rest, lanes[0]);
	return step(crc, 0, rest);
}

#endif

static uint64_t
add(const Crc *crc, uint64_t sum, const unsigned char *next, size_t length)
{
#if defined(__x86_64__)
	if (length >= 2 * LANES * STEP && __builtin_cpu_supports("pclmul"))
	{
		sum = fold(crc, sum, next, length / STEP);
		next += length / STEP * STEP;
		length %= STEP;
	}
#endif
	for (; length >= STEP; length -= STEP, next += STEP)
		sum = step(crc, sum, next);
	for (; length > 0; length--, next++)
		sum = (sum >> 8) ^ crc->tables[0][(sum ^ *next) & 0xff];
	return sum;
}

static void
need_tables(void)
{
	static pthread_once_t made = PTHREAD_ONCE_INIT;

	(void) pthread_once(&made, make_all_tables);
}

uint64_t
nachet_crc64_add(uint64_t crc, const void *bytes, size_t length)
{
	need_tables();
	return ~add(&crc64, ~crc, bytes, length);
}

uint32_t
nachet_crc32_add(uint32_t crc, const void *bytes, size_t length)
{
	need_tables();
	return ~(uint32_t) add(&crc32, ~crc, bytes, length);
}
