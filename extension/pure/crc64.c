/*
 * extension/pure/crc64.c
 *		CRC-64/NVME, sixteen bytes at a step.
 *
 * tables[n][b] is what a byte b does to the checksum when n more bytes follow it, so that the bytes of a
 * step are looked up independently of each other ("slicing"; M. Kounavis and F. Berry, A Systematic
 * Approach to Building High Performance Software-Based CRC Generators, 2005): about three times as fast as MD5.
 */
#include "crc64.h"

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

uint64_t
nachet_crc64_add(uint64_t crc, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;

	if (tables[0][1] == 0)
		make_tables();
	crc = ~crc;
	for (; length >= STEP; length -= STEP, next += STEP)
		crc = step(crc, next);
	for (; length > 0; length--, next++)
		crc = (crc >> 8) ^ tables[0][(crc ^ *next) & 0xff];
	return ~crc;
}
