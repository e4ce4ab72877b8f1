/*
 * test/pure/crc_test.c
 *		CRC-64/NVME and CRC-32: known values, the same however the bytes are cut, and from any
 *		thread.
 */
#include "crc.h"
#include "tap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Bit by bit, straight from the definition; a CRC of 32 bits stands in the low half. */
static uint64_t
by_bits(uint64_t polynomial, uint64_t ones, const unsigned char *bytes, size_t length)
{
	uint64_t crc = ones;

	for (size_t i = 0; i < 8 * length; i++)
	{
		unsigned in = bytes[i / 8] >> i % 8 & 1;
		unsigned out = (unsigned) (crc & 1) ^ in;

		crc = crc >> 1 ^ (out != 0 ? polynomial : 0);
	}
	return crc ^ ones;
}

static uint64_t
crc64_by_bits(const unsigned char *bytes, size_t length)
{
	return by_bits(UINT64_C(0x9A6C9329AC4BC9B5), UINT64_MAX, bytes, length);
}

static uint32_t
crc32_by_bits(const unsigned char *bytes, size_t length)
{
	return (uint32_t) by_bits(UINT32_C(0xEDB88320), UINT32_MAX, bytes, length);
}

static void *
ask(void *result)
{
	*(uint32_t *) result = nachet_crc32_add(0, "123456789", 9);
	return NULL;
}

/* Before any other test: these are the first to ask, and one of them makes the tables. */
static void
test_threads(void)
{
	pthread_t threads[8];
	uint32_t results[8];
	bool alike = true;

	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, ask, &results[i]) != 0)
			exit(1);
	for (int i = 0; i < 8; i++)
	{
		pthread_join(threads[i], NULL);
		alike = alike && results[i] == UINT32_C(0xCBF43926);
	}
	ok(alike, "eight threads that ask first are all answered right");
}

static void
test_known(void)
{
	unsigned char *block = calloc(1, 4096);

	ok(nachet_crc64_add(0, NULL, 0) == 0, "CRC-64 of no bytes is 0");
	ok(nachet_crc32_add(0, NULL, 0) == 0, "CRC-32 of no bytes is 0");
	ok(nachet_crc64_add(0, "123456789", 9) == UINT64_C(0xAE8B14860A799888),
	   "CRC-64: the catalogue's check value");
	ok(nachet_crc32_add(0, "123456789", 9) == UINT32_C(0xCBF43926),
	   "CRC-32: the catalogue's check value");
	ok(nachet_crc32_add(0, "IEND", 4) == UINT32_C(0xAE426082), "CRC-32: that of every PNG's end");
	ok(nachet_crc64_add(0, block, 4096) == UINT64_C(0x6482D367EB22B64E),
	   "CRC-64: the specification's 4,096 bytes of 00");
	memset(block, 0xff, 4096);
	ok(nachet_crc64_add(0, block, 4096) == UINT64_C(0xC0DDBA7302ECA3AC),
	   "CRC-64: the specification's 4,096 bytes of FF");
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
		uint64_t whole64;
		uint32_t whole32;

		for (size_t i = 0; i < length; i++)
			bytes[i] = (unsigned char) (i * 167 + length * 13 + 5);
		whole64 = nachet_crc64_add(0, bytes, length);
		whole32 = nachet_crc32_add(0, bytes, length);
		lengths = lengths && whole64 == crc64_by_bits(bytes, length) &&
		          whole32 == crc32_by_bits(bytes, length);
		for (size_t cut = 0; cut <= length; cut++)
			cuts = cuts &&
			       nachet_crc64_add(nachet_crc64_add(0, bytes, cut), bytes + cut, length - cut) ==
			           whole64 &&
			       nachet_crc32_add(nachet_crc32_add(0, bytes, cut), bytes + cut, length - cut) ==
			           whole32;
		free(bytes);
	}
	ok(lengths, "every length from 0 to 400, as it is bit by bit");
	ok(cuts, "cut anywhere it is the same");
}

int
main(void)
{
	test_threads();
	test_known();
	test_lengths_and_cuts();
	return tap_done();
}
