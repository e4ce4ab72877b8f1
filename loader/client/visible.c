/*
 * loader/client/visible.c
 *		Text of others on a terminal or in a log: nothing in it acts, hides or turns around.
 *
 * A backslash stays as it is, so that the same text may pass through here twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/names.h"
#include "visible.h"

/* U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F and U+FEFF. */
static bool
is_format(unsigned code)
{
	return code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff;
}

unsigned
nachet_character_code(const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *) bytes;

	if (size == 1)
		return at[0];
	if (size == 2)
		return (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
	if (size == 3)
		return (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
	return (at[0] & 0x07u) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
}

NachetCharacter
nachet_character(const char *bytes, size_t length, size_t *size)
{
	unsigned code;

	for (*size = 1; *size <= 4 && *size <= length; ++*size)
	{
		if (!nachet_utf8_valid(bytes, *size))
			continue;
		code = nachet_character_code(bytes, *size);
		if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			return NACHET_CHARACTER_CONTROL;
		return is_format(code) ? NACHET_CHARACTER_FORMAT : NACHET_CHARACTER_PLAIN;
	}
	*size = 1;
	return NACHET_CHARACTER_INVALID;
}

static bool
is_kept(NachetCharacter kind, char byte, int keep)
{
	return kind == NACHET_CHARACTER_PLAIN || (byte == '\n' && (keep & NACHET_VISIBLE_LINES) != 0) ||
	       (kind == NACHET_CHARACTER_FORMAT && (keep & NACHET_VISIBLE_FORMAT) != 0);
}

char *
nachet_visible(const char *text, size_t length, int keep)
{
	char *copy = malloc(4 * length + 1);
	char *out = copy;
	size_t size;

	if (copy == NULL)
		return NULL;
	for (size_t at = 0; at < length; at += size)
	{
		NachetCharacter kind = nachet_character(text + at, length - at, &size);

		if (is_kept(kind, text[at], keep))
			out = mempcpy(out, text + at, size);
		else
		{
			for (size_t i = 0; i < size; i++)
				out += sprintf(out, "\\x%02x", (unsigned char) text[at + i]);
		}
	}
	*out = '\0';
	return copy;
}
