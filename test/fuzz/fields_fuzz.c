/*
 * test/fuzz/fields_fuzz.c
 *		The fields of a form on their way to the database: what is taken arrives, in PostgreSQL's binary form.
 *
 * Input: name NUL value NUL, and so on.
 */
#include <string.h>
#include <arpa/inet.h>

#include "http/fields.h"
#include "pure/names.h"
#include "fuzz.h"

/* A text of the input, up to the next NUL or the end. */
typedef struct Text
{
	const char *bytes;
	size_t length;
} Text;

static Text
next_text(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *nul = memchr(*at, '\0', (size_t) (end - *at));
	Text text = {(const char *) *at, (size_t) ((nul != NULL ? nul : end) - *at)};

	*at = nul != NULL ? nul + 1 : end;
	return text;
}

/* Element number of a text[] in binary form. */
static Text
element(const NachetArray *array, uint32_t number)
{
	const char *at = array->data + NACHET_ARRAY_HEADER_BYTES;
	uint32_t length;

	for (;; number--)
	{
		CLAIM(at + 4 <= array->data + array->length);
		memcpy(&length, at, 4);
		length = ntohl(length);
		at += 4;
		CLAIM(length <= (size_t) (array->data + array->length - at));
		if (number == 0)
			return (Text){at, length};
		at += length;
	}
}

static bool
same(Text a, Text b)
{
	return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Hands a field over in two slices; false where it was refused. */
static bool
give(NachetFields *fields, Text name, Text value, size_t cut)
{
	bool known = false;
	NachetFieldFlaw flaw;

	for (uint32_t i = 0; i < fields->names.count; i++)
		known = known || same(element(&fields->names, i), name);
	flaw = nachet_fields_begin(fields, name.bytes, name.length);
	if (flaw != NACHET_FIELD_FINE)
	{
		CLAIM((flaw == NACHET_FIELD_REPEATED) <= known);
		return false;
	}
	CLAIM(!known && name.length > 0 && nachet_utf8_valid(name.bytes, name.length));
	if (nachet_fields_receive(fields, value.bytes, cut) != NACHET_FIELD_FINE ||
	    nachet_fields_receive(fields, value.bytes + cut, value.length - cut) != NACHET_FIELD_FINE)
	{
		CLAIM(fields->bytes > NACHET_FIELDS_BYTES);
		return false;
	}
	flaw = nachet_fields_end(fields);
	CLAIM((flaw == NACHET_FIELD_FINE) == nachet_utf8_valid(value.bytes, value.length));
	return flaw == NACHET_FIELD_FINE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + size;
	uint64_t random = fuzz_seed(bytes, size);
	NachetFields fields;
	bool taken = true;

	nachet_fields_init(&fields);
	while (at < end && taken)
	{
		Text name = next_text(&at, end);
		Text value = next_text(&at, end);
		uint32_t count = fields.names.count;

		taken =
		    give(&fields, name, value, value.length > 0 ? fuzz_random(&random) % value.length : 0);
		if (!taken)
			continue;
		CLAIM(fields.names.count == count + 1 && fields.values.count == count + 1);
		CLAIM(same(element(&fields.names, count), name) &&
		      same(element(&fields.values, count), value));
	}
	CLAIM(fields.names.count <= NACHET_FIELDS_COUNT);
	if (taken)
	{
		CLAIM(nachet_array_finish(&fields.names) && nachet_array_finish(&fields.values));
		CLAIM(fields.names.length >= 12);
	}
	nachet_fields_free(&fields);
	return 0;
}
