/*
 * loader/client/visible.c
 *		Text of others on a terminal or in a log: nothing in it acts, hides or turns around.
 *
 * A backslash stays as it is, so that the same text may pass through here twice. So do blanks other
 * than the space, which translated messages have.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/characters.h"
#include "pure/names.h"
#include "loader/client/visible.h"

#define LINE_SEPARATOR      0x2028
#define PARAGRAPH_SEPARATOR 0x2029

NachetLook
nachet_look(const char *bytes, size_t length, size_t *size, uint32_t *code)
{
	for (*size = 1; *size <= 4 && *size <= length; ++*size)
	{
		NachetCharacter kind;
		size_t at = 0;

		if (!nachet_utf8_valid(bytes, *size))
			continue;
		*code = nachet_utf8_next(bytes, &at);
		kind = nachet_character_kind(*code);
		if (kind == NACHET_CHARACTER_CONTROL)
			return NACHET_LOOK_CONTROL;
		if (kind == NACHET_CHARACTER_INVISIBLE || *code == LINE_SEPARATOR ||
		    *code == PARAGRAPH_SEPARATOR)
			return NACHET_LOOK_HIDDEN;
		return NACHET_LOOK_PLAIN;
	}
	*size = 1;
	*code = (unsigned char) bytes[0];
	return NACHET_LOOK_INVALID;
}

static bool
is_kept(NachetLook look, uint32_t code, int keep)
{
	return look == NACHET_LOOK_PLAIN || (code == '\n' && (keep & NACHET_VISIBLE_LINES) != 0) ||
	       (look == NACHET_LOOK_HIDDEN && (keep & NACHET_VISIBLE_HIDDEN) != 0);
}

char *
nachet_visible(const char *text, size_t length, int keep)
{
	char *copy = malloc(4 * length + 1);
	char *out = copy;
	size_t size;
	uint32_t code;

	if (copy == NULL)
		return NULL;
	for (size_t at = 0; at < length; at += size)
	{
		NachetLook look = nachet_look(text + at, length - at, &size, &code);

		/* libpq indents its second lines by a tab. */
		if (code == '\t' && at > 0 && text[at - 1] == '\n' && (keep & NACHET_VISIBLE_LINES) != 0)
			continue;
		if (is_kept(look, code, keep))
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
