/*
 * test/fuzz/texts_fuzz.c
 *		Names, UTF-8, hexadecimal digits and JSON strings, each against a plain reading of the same bytes.
 */
#include <stdbool.h>
#include <string.h>

#include "loader/client/text.h"
#include "pure/hex.h"
#include "pure/names.h"
#include "fuzz.h"

#define REPLACEMENT 0xFFFD

/* The code point at the start of the bytes and its length; -1 and 1 where they begin no character (RFC 3629). */
static long
read_character(const uint8_t *bytes, size_t size, size_t *length)
{
	static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t wanted = bytes[0] < 0x80       ? 1
	                : bytes[0] >> 5 == 6  ? 2
	                : bytes[0] >> 4 == 14 ? 3
	                : bytes[0] >> 3 == 30 ? 4
	                                      : 0;
	long point = wanted == 1 ? bytes[0] : wanted == 0 ? 0 : bytes[0] & (0x7F >> wanted);

	*length = 1;
	if (wanted == 0 || wanted > size)
		return -1;
	for (size_t i = 1; i < wanted; i++)
	{
		if (bytes[i] >> 6 != 2)
			return -1;
		point = point << 6 | (bytes[i] & 0x3F);
	}
	if (point < least[wanted] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return -1;
	*length = wanted;
	return point;
}

static bool
is_utf8(const uint8_t *bytes, size_t size)
{
	size_t length;

	for (size_t at = 0; at < size; at += length)
	{
		if (read_character(bytes + at, size - at, &length) < 0)
			return false;
	}
	return true;
}

static bool
has_control(const uint8_t *bytes, size_t size)
{
	size_t length;

	for (size_t at = 0; at < size; at += length)
	{
		long point = read_character(bytes + at, size - at, &length);

		if (point >= 0 && (point < 0x20 || (point >= 0x7F && point < 0xA0)))
			return true;
	}
	return false;
}

/* Whether a component is empty, "." or "..". */
static bool
has_bad_component(const char *name, size_t size)
{
	for (size_t at = 0; at <= size;)
	{
		const char *slash = memchr(name + at, '/', size - at);
		size_t length = slash != NULL ? (size_t) (slash - name) - at : size - at;

		if (length == 0 || (length <= 2 && memcmp(name + at, "..", length) == 0))
			return true;
		at += length + 1;
	}
	return false;
}

static void
check_names(const char *bytes, size_t size)
{
	const uint8_t *plain = (const uint8_t *) bytes;
	bool good = size >= 1 && size <= NACHET_NAME_MAX_BYTES && is_utf8(plain, size) &&
	            !has_control(plain, size) && !has_bad_component(bytes, size);

	CLAIM(nachet_utf8_valid(bytes, size) == is_utf8(plain, size));
	CLAIM((nachet_name_flaw(bytes, size) == NULL) == good);
	(void) nachet_path_is_machine_made(bytes, size, size % 2 > 0, NULL);
}

static void
check_hex(const char *bytes, size_t size)
{
	char *digits = malloc(2 * size + 1);
	unsigned char *back = malloc(size + 1);
	unsigned char *decoded = malloc(size / 2 + 1);

	CLAIM(digits != NULL && back != NULL && decoded != NULL);
	nachet_hex_encode((const unsigned char *) bytes, size, digits);
	CLAIM(strlen(digits) == 2 * size && strspn(digits, "0123456789abcdef") == 2 * size);
	CLAIM(nachet_hex_decode(digits, size, back) && memcmp(back, bytes, size) == 0);
	CLAIM(nachet_hex_decode(bytes, size / 2, decoded) ==
	      (memchr(bytes, '\0', size / 2 * 2) == NULL &&
	       strspn(bytes, "0123456789abcdefABCDEF") >= size / 2 * 2));
	free(digits);
	free(back);
	free(decoded);
}

static long
read_json_digits(const char *digits)
{
	char copy[5] = {0};

	memcpy(copy, digits, 4);
	CLAIM(strspn(copy, "0123456789abcdef") == 4);
	return strtol(copy, NULL, 16);
}

/* What a character of a JSON string stands for; *at is moved behind it. */
static long
read_json_character(const char *json, size_t size, size_t *at)
{
	size_t length = 2;
	long point;

	if (json[*at] != '\\')
		point = read_character((const uint8_t *) json + *at, size - *at, &length);
	else if (json[*at + 1] == 'u')
	{
		point = read_json_digits(json + *at + 2);
		length = 6;
		if (point >= 0xD800 && point < 0xDC00)
		{
			CLAIM(size - *at >= 12 && memcmp(json + *at + 6, "\\u", 2) == 0);
			point =
			    0x10000 + ((point - 0xD800) << 10) + (read_json_digits(json + *at + 8) - 0xDC00);
			length = 12;
		}
	}
	else
	{
		CLAIM(json[*at + 1] == '"' || json[*at + 1] == '\\');
		point = json[*at + 1];
	}
	*at += length;
	return point;
}

static void
check_json(const char *bytes, size_t size)
{
	NachetText text = {0};
	size_t at = 1;

	nachet_text_json(&text, bytes, size);
	CLAIM(!text.failed && text.length >= 2 && text.bytes[0] == '"' &&
	      text.bytes[text.length - 1] == '"');
	for (size_t from = 0; from < size;)
	{
		size_t length;
		long expected = read_character((const uint8_t *) bytes + from, size - from, &length);

		CLAIM(at < text.length - 1 && text.bytes[at] != '"' &&
		      (unsigned char) text.bytes[at] >= 0x20);
		CLAIM(read_json_character(text.bytes, text.length - 1, &at) ==
		      (expected < 0 ? REPLACEMENT : expected));
		from += length;
	}
	CLAIM(at == text.length - 1);
	nachet_text_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* A block of exactly this size and a NUL, which strspn needs. */
	char *copy = malloc(size + 1);

	CLAIM(copy != NULL);
	memcpy(copy, bytes, size);
	copy[size] = '\0';
	check_names(copy, size);
	check_hex(copy, size);
	check_json(copy, size);
	free(copy);
	return 0;
}
