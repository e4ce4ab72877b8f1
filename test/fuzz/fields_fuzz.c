/*
 * test/fuzz/fields_fuzz.c
 *		The fields of a form on their way to the database: what is taken arrives, in PostgreSQL's binary form.
 *
 * Input: name NUL value NUL, and so on.
 */
#include "http/routes/fields.h"
#include "pure/names.h"
#include "array_reading.h"

/* Element number of a text[] in binary form. */
static Text
element(const NachetArray *array, uint32_t number)
{
	size_t offset = NACHET_ARRAY_HEADER_BYTES;

	while (number-- > 0)
		(void) next_element(array, &offset);
	return next_element(array, &offset);
}

/* Hands a field over in two slices; false where it was refused. */
static bool
give(NachetFields *fields, Text name, Text value, size_t cut)
{
	bool known = false;
	NachetFieldFlaw flaw;

	for (uint32_t i = 0; i < fields->names.count; i++)
		known = known || same_text(element(&fields->names, i), name);
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
		CLAIM(same_text(element(&fields.names, count), name) &&
		      same_text(element(&fields.values, count), value));
	}
	CLAIM(fields.names.count <= NACHET_FIELDS_COUNT);
	if (taken)
	{
		CLAIM(nachet_array_finish(&fields.names) && nachet_array_finish(&fields.values));
		check_array(&fields.names, NACHET_TEXT_OID, fields.names.count);
		check_array(&fields.values, NACHET_TEXT_OID, fields.names.count);
	}
	nachet_fields_free(&fields);
	return 0;
}
