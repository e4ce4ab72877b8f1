/*
 * test/pure/json_text_test.c
 *		What a JSON text holds, counted by its punctuation.
 */
#include "json_text.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void
test_count(const char *text, uint64_t members, uint64_t containers, uint64_t commas)
{
	size_t length = strlen(text);
	char *exact = malloc(length > 0 ? length : 1);
	NachetJsonCounts counts;

	/* Nothing behind the text's end is read (ASan watches). */
	memcpy(exact, text, length);
	counts = nachet_json_text_count(exact, length);
	ok(counts.members == members && counts.containers == containers && counts.commas == commas,
	   "%s", text);
	free(exact);
}

int
main(void)
{
	test_count("", 0, 0, 0);
	test_count("5", 0, 0, 0);
	test_count("[1, \"a:b\", null]", 0, 1, 2);
	test_count("{}", 0, 1, 0);
	test_count("{\"a\": 1, \"a\": 2}", 2, 1, 1);
	test_count("{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]}}", 4, 5, 1);
	test_count("{\":\": \":\", \"\\\":\": \"\\\\\", \"b\": \"\\\\\\\":\"}", 3, 1, 2);
	test_count("[\"[{,\", \"\\\"[,\", [[]]]", 0, 3, 2);
	test_count("\"", 0, 0, 0);
	test_count("\"\\", 0, 0, 0);
	return tap_done();
}
