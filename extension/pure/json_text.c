/*
 * extension/pure/json_text.c
 *		What can be told of a JSON text (RFC 8259) without parsing it.
 *
 * Outside of strings a colon stands after a member's name and nowhere else. A quote ends a string unless a backslash
 * stands before it, which itself is not escaped.
 */
#include <stdbool.h>

#include "json_text.h"

uint64_t
nachet_json_text_members(const char *text, size_t length)
{
	uint64_t members = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
		else if (!in_string && text[i] == ':')
			members++;
	}
	return members;
}
