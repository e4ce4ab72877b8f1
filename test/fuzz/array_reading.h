/*
 * test/fuzz/array_reading.h
 *		A second reading of the arrays of loader/client/array.c, in PostgreSQL's binary form.
 */
#ifndef NACHET_TEST_FUZZ_ARRAY_READING_H
#define NACHET_TEST_FUZZ_ARRAY_READING_H

#include <stdbool.h>
#include <arpa/inet.h>

#include "loader/client/array.h"
#include "fuzz.h"

/* Bytes within a larger block. */
typedef struct Text
{
	const char *bytes;
	size_t length;
} Text;

static inline bool
same_text(Text a, Text b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

/* The input's next text, which ends with a NUL or with the input. */
static inline Text
next_text(const uint8_t **at, const uint8_t *end)
{
	size_t length = strnlen((const char *) *at, (size_t) (end - *at));
	Text text = {(const char *) *at, length};

	*at += length;
	*at += *at < end;
	return text;
}

static inline uint32_t
array_integer(const NachetArray *array, size_t offset)
{
	uint32_t integer;

	CLAIM(offset + sizeof(integer) <= array->length);
	memcpy(&integer, array->data + offset, sizeof(integer));
	return ntohl(integer);
}

/* The element at *offset, which moves behind it. The first one is at NACHET_ARRAY_HEADER_BYTES. */
static inline Text
next_element(const NachetArray *array, size_t *offset)
{
	uint32_t length = array_integer(array, *offset);
	const char *bytes = array->data + *offset + sizeof(length);

	CLAIM(length <= array->length - *offset - sizeof(length));
	*offset += sizeof(length) + length;
	return (Text){bytes, length};
}

/* A finished array says of itself what it is; nothing follows its elements. */
static inline void
check_array(const NachetArray *array, uint32_t element_type, uint32_t count)
{
	size_t end = NACHET_ARRAY_HEADER_BYTES;

	CLAIM(array->count == count && array_integer(array, 0) == (count > 0));
	CLAIM(array_integer(array, 4) == 0 && array_integer(array, 8) == element_type);
	if (count == 0)
	{
		CLAIM(array->length == 12);
		return;
	}
	CLAIM(array_integer(array, 12) == count && array_integer(array, 16) == 1);
	for (uint32_t i = 0; i < count; i++)
		(void) next_element(array, &end);
	CLAIM(end == array->length);
}

#endif
