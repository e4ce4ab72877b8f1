/*
 * test/pure/hex_test.c
 *		Hexadecimal digits: there and back, and what is none.
 */
#include "hex.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void
test_round_trip(void)
{
	unsigned char bytes[256];
	unsigned char back[256];
	char *hex = malloc(2 * sizeof(bytes) + 1);

	for (int i = 0; i < 256; i++)
		bytes[i] = (unsigned char) i;
	memset(back, 0xaa, sizeof(back));
	nachet_hex_encode(bytes, sizeof(bytes), hex);
	ok(strlen(hex) == 512, "256 bytes make 512 digits and a NUL");
	ok(strspn(hex, "0123456789abcdef") == 512, "the digits are lower case");
	ok(strncmp(hex, "000102", 6) == 0 && strcmp(hex + 506, "fdfeff") == 0,
	   "the high half comes first");
	ok(nachet_hex_decode(hex, 256, back) && memcmp(bytes, back, 256) == 0, "they come back");
	free(hex);
}

static void
test_empty(void)
{
	char hex[1] = {'x'};

	nachet_hex_encode(NULL, 0, hex);
	ok(hex[0] == '\0', "no bytes make an empty string");
	ok(nachet_hex_decode("zz", 0, NULL), "no digits are read where none are asked for");
}

static void
test_bad_digits(void)
{
	unsigned char byte;
	int accepted = 0;
	int wrong = 0;

	ok(nachet_hex_decode("aF", 1, &byte) && byte == 0xaf, "either case is read");
	for (int i = 0; i < 256; i++)
	{
		char first[2] = {(char) i, '0'};
		char second[2] = {'0', (char) i};
		bool digit = i != 0 && strchr("0123456789abcdefABCDEF", i) != NULL;

		accepted += digit;
		wrong += nachet_hex_decode(first, 1, &byte) != digit;
		wrong += nachet_hex_decode(second, 1, &byte) != digit;
	}
	ok(accepted == 22 && wrong == 0, "22 bytes are digits, in either place, and no other is");
}

/* A string may end before length says: nothing behind its NUL is read (ASan watches). */
static void
test_short_string(void)
{
	unsigned char bytes[8];
	char *even = malloc(5);
	char *odd = malloc(4);

	memcpy(even, "abcd", 5);
	memcpy(odd, "abc", 4);
	ok(!nachet_hex_decode(even, 8, bytes), "a string too short is refused at its NUL");
	ok(!nachet_hex_decode(odd, 8, bytes), "and so is one of an odd number of digits");
	free(even);
	free(odd);
}

int
main(void)
{
	test_round_trip();
	test_empty();
	test_bad_digits();
	test_short_string();
	return tap_done();
}
