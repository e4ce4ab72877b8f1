/*
 * http/body/encoded_name.c
 *		Names in a form that their client seems to have encoded.
 *
 * Rule: nothing is decoded here, because a name that looks encoded may be meant as it is. It is
 * refused instead: if it was encoded, the set would have the wrong name.
 */
#include <stdbool.h>
#include <string.h>

#include "pure/hex.h"
#include "pure/names.h"
#include "http/body/encoded_name.h"

#define MANIFEST " A manifest accepts every name, for files that were staged under other names."

/* The byte that "%XX" stands for, of so many that are left; -1 if there is none. */
static int
escaped_byte(const char *at, size_t left)
{
	unsigned char byte;

	return left >= 3 && *at == '%' && nachet_hex_decode(at + 1, 1, &byte) ? byte : -1;
}

/* Whether one character beyond ASCII begins there, each byte of it as "%XX". */
static bool
begins_with_escaped_character(const char *at, size_t left)
{
	char character[4];
	size_t count = 0;
	int byte;

	while (count < sizeof(character) && (byte = escaped_byte(at, left)) >= 0x80)
	{
		character[count++] = (char) byte;
		if (nachet_utf8_valid(character, count))
			return true;
		at += 3;
		left -= 3;
	}
	return false;
}

/* RFC 7578, 2: "%2F" in any name or, in one that is all ASCII, a character beyond it. */
static bool
is_percent_encoded(const char *name, size_t length)
{
	bool ascii = true;

	for (size_t i = 0; i < length && ascii; i++)
		ascii = (unsigned char) name[i] < 0x80;
	for (size_t i = 0; i < length; i++)
	{
		if (escaped_byte(name + i, length - i) == '/' ||
		    (ascii && begins_with_escaped_character(name + i, length - i)))
			return true;
	}
	return false;
}

/* Whether an encoded word of RFC 2047 begins there: "=?charset?B?text?=", or Q for B. */
static bool
begins_with_encoded_word(const char *at, size_t left)
{
	const char *end = at + left;
	const char *mark;

	if (left < 2 || memcmp(at, "=?", 2) != 0)
		return false;
	mark = memchr(at + 2, '?', left - 2);
	if (mark == NULL || mark == at + 2 || end - mark < 3 || mark[2] != '?' ||
	    memchr("BbQq", mark[1], 4) == NULL)
		return false;
	mark = memchr(mark + 3, '?', (size_t) (end - mark) - 3);
	return mark != NULL && end - mark > 1 && mark[1] == '=';
}

static bool
has_encoded_word(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if (begins_with_encoded_word(name + i, length - i))
			return true;
	}
	return false;
}

const NachetEncoding *
nachet_encoded_name_find(const char *name, size_t length)
{
	static const struct
	{
		bool (*applies)(const char *name, size_t length);
		NachetEncoding encoding;
	} encodings[] = {
	    {is_percent_encoded,
	     {"looks percent-encoded",
	      "Send names as they are (aiohttp: FormData(quote_fields=False))." MANIFEST}},
	    {has_encoded_word,
	     {"contains what looks like an encoded word of RFC 2047",
	      "Send names as they are, in UTF-8." MANIFEST}},
	};

	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++)
	{
		if (encodings[i].applies(name, length))
			return &encodings[i].encoding;
	}
	return NULL;
}
