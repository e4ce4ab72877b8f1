/*
 * test/pure/json_text_test.c
 *		The members of a JSON text, counted by their colons.
 */
#include "json_text.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void
test_count(const char *text, uint64_t expected)
{
	size_t length = strlen(text);
	char *exact = malloc(length > 0 ? length : 1);

	/* Nothing behind the text's end is read (ASan watches). */
	memcpy(exact, text, length);
	ok(nachet_json_text_members(exact, length) == expected, "%s", text);
	free(exact);
}

int
main(void)
{
	test_count("", 0);
	test_count("[1, \"a:b\", null]", 0);
	test_count("{}", 0);
	test_count("{\"a\": 1, \"a\": 2}", 2);
	test_count("{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]}}", 4);
	test_count("{\":\": \":\", \"\\\":\": \"\\\\\", \"b\": \"\\\\\\\":\"}", 3);
	test_count("\"", 0);
	test_count("\"\\", 0);
	return tap_done();
}
