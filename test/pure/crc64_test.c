/*
 * test/pure/crc64_test.c
 *		CRC-64/NVME: known values, and the same however the bytes are cut.
 */
#include "crc64.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* Bit by bit, straight from the definition. */
static uint64_t
by_bits(const unsigned char *bytes, size_t length)
{
	uint64_t crc = ~UINT64_C(0);

	for (size_t i = 0; i < 8 * length; i++)
	{
		unsigned in = bytes[i / 8] >> i % 8 & 1;
		unsigned out = (unsigned) (crc & 1) ^ in;

		crc = crc >> 1 ^ (out != 0 ? UINT64_C(0x9A6C9329AC4BC9B5) : 0);
	}
	return ~crc;
}

static void
test_known(void)
{
	unsigned char *block = calloc(1, 4096);

	ok(nachet_crc64_add(0, NULL, 0) == 0, "of no bytes it is 0");
	ok(nachet_crc64_add(0, "123456789", 9) == UINT64_C(0xAE8B14860A799888),
	   "the catalogue's check value");
	ok(nachet_crc64_add(0, block, 4096) == UINT64_C(0x6482D367EB22B64E),
	   "the specification's 4,096 bytes of 00");
	memset(block, 0xff, 4096);
	ok(nachet_crc64_add(0, block, 4096) == UINT64_C(0xC0DDBA7302ECA3AC),
	   "the specification's 4,096 bytes of FF");
	free(block);
}

static void
test_lengths_and_cuts(void)
{
	bool lengths = true;
	bool cuts = true;

	for (size_t length = 0; length <= 400; length++)
	{
		unsigned char *bytes = malloc(length + 1);
		uint64_t whole;

		for (size_t i = 0; i < length; i++)
			bytes[i] = (unsigned char) (i * 167 + length * 13 + 5);
		whole = nachet_crc64_add(0, bytes, length);
		lengths = lengths && whole == by_bits(bytes, length);
		for (size_t cut = 0; cut <= length; cut++)
			cuts = cuts && nachet_crc64_add(nachet_crc64_add(0, bytes, cut), bytes + cut,
			                                length - cut) == whole;
		free(bytes);
	}
	ok(lengths, "every length from 0 to 400, as it is bit by bit");
	ok(cuts, "cut anywhere it is the same");
}

int
main(void)
{
	test_known();
	test_lengths_and_cuts();
	return tap_done();
}
