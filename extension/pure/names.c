/*
 * extension/pure/names.c
 *		What may name a picture within its set.
 *
 * Names are refused and never cleaned. Nothing here asks the locale: a name that one side accepts,
 * the other accepts too.
 */
#include "names.h"

#include <string.h>

/*
 * The length in bytes of the UTF-8 sequence that starts at bytes, of which left are there, or 0
 * where none is valid. The ranges are those of RFC 3629, section 4: they leave out the longer forms
 * (C0, C1, E0 80-9F, F0 80-8F), the surrogates (ED A0-BF) and what is above U+10FFFF (F4 90-, F5-).
 */
static size_t
utf8_sequence_length(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0];
	unsigned char lowest = 0x80;
	unsigned char highest = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	else if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;

	if (length > left)
		return 0;
	if (first == 0xe0)
		lowest = 0xa0;
	else if (first == 0xed)
		highest = 0x9f;
	else if (first == 0xf0)
		lowest = 0x90;
	else if (first == 0xf4)
		highest = 0x8f;

	if (bytes[1] < lowest || bytes[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++)
	{
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool
nachet_utf8_valid(const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length)
	{
		size_t step = utf8_sequence_length((const unsigned char *) bytes + at, length - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

/* Whether valid UTF-8 holds a C0 control, DEL, or a C1 control (which are C2 80 to C2 9F). */
static bool
has_control_character(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return true;
		if (bytes[i] == 0xc2 && bytes[i + 1] <= 0x9f)
			return true;
	}
	return false;
}

static const char *
component_flaw(const char *component, size_t length)
{
	if (length == 0)
		return "has an empty component";
	if (length == 1 && component[0] == '.')
		return "has a component \".\"";
	if (length == 2 && component[0] == '.' && component[1] == '.')
		return "has a component \"..\"";
	return NULL;
}

const char *
nachet_name_flaw(const char *name, size_t length)
{
	size_t start = 0;

	if (length == 0)
		return "is empty";
	if (length > NACHET_NAME_MAX_BYTES)
		return "is longer than 1,024 bytes";
	if (!nachet_utf8_valid(name, length))
		return "is not valid UTF-8";
	if (has_control_character((const unsigned char *) name, length))
		return "has a control character";
	if (name[0] == '/')
		return "starts with a slash";
	if (name[length - 1] == '/')
		return "ends with a slash";

	for (size_t i = 0; i <= length; i++)
	{
		if (i == length || name[i] == '/')
		{
			const char *flaw = component_flaw(name + start, i - start);

			if (flaw != NULL)
				return flaw;
			start = i + 1;
		}
	}
	return NULL;
}

/* Whether the bytes are this word, ASCII letters of either case being the same. */
static bool
same_word(const char *bytes, size_t length, const char *lower_case_word)
{
	if (length != strlen(lower_case_word))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		char byte = bytes[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (char) (byte - 'A' + 'a');
		if (byte != lower_case_word[i])
			return false;
	}
	return true;
}

bool
nachet_name_is_clutter(const char *name, size_t length)
{
	const char *base = name;
	size_t left = length;

	for (size_t i = 0; i < length; i++)
	{
		if (name[i] == '/')
		{
			base = name + i + 1;
			left = length - i - 1;
		}
	}

	/* An AppleDouble companion is named for its file: "._" and at least one byte. */
	if (left > 2 && base[0] == '.' && base[1] == '_')
		return true;
	/* Windows writes its two in several cases. */
	return same_word(base, left, ".ds_store") || same_word(base, left, "thumbs.db") ||
	       same_word(base, left, "desktop.ini");
}
