/*
 * extension/pure/json_text.c
 *		Counts of a JSON text's parts (RFC 8259), without parsing it.
 *
 * Outside of strings a colon stands after a member's name and nowhere else, and so with the other
 * signs. A quote ends a string unless a backslash stands before it, which itself is not escaped.
 */
#include <stdbool.h>

#include "json_text.h"

NachetJsonCounts
nachet_json_text_count(const char *text, size_t length)
{
	NachetJsonCounts counts = {0, 0, 0};
	bool in_string = false;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			i += text[i] == '\\';
		else if (text[i] == ':')
			counts.members++;
		else if (text[i] == ',')
			counts.commas++;
		else if (text[i] == '{' || text[i] == '[')
			counts.containers++;
	}
	return counts;
}
