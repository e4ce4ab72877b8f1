/*
 * loader/client/array.c
 *		One-dimensional text[] and bytea[] parameters in PostgreSQL's binary form.
 *
 * The form is array_recv's: dimensions, a flag for NULLs, the element type, then for the one
 * dimension its length and lower bound, then each element as an int32 length and its bytes; an
 * empty array has no dimension and ends after the type. All integers are big-endian. Nothing is
 * NULL here.
 */
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "loader/client/array.h"
#include "loader/client/text.h"

/* PostgreSQL's MaxAllocSize: no value, and so no array, is longer. */
#define MAX_VALUE_BYTES 0x3fffffff

void
nachet_array_put_int32(char *at, uint32_t value)
{
	uint32_t big_endian = htonl(value);

	memcpy(at, &big_endian, sizeof(big_endian));
}

/* Makes room for length bytes; on failure empties the array, which frees a large block. */
static bool
reserve(NachetArray *array, size_t length)
{
	if (!array->failed && length <= MAX_VALUE_BYTES && array->length + length <= MAX_VALUE_BYTES &&
	    nachet_text_grow(&array->data, &array->capacity, array->length + length, 1))
		return true;
	nachet_array_free(array);
	array->failed = true;
	return false;
}

void
nachet_array_init(NachetArray *array, uint32_t element_type)
{
	memset(array, 0, sizeof(*array));
	array->element_type = element_type;
}

void
nachet_array_add(NachetArray *array, const void *bytes, size_t length)
{
	if (array->length == 0 && !array->failed)
	{
		if (!reserve(array, NACHET_ARRAY_HEADER_BYTES))
			return;
		memset(array->data, 0, NACHET_ARRAY_HEADER_BYTES);
		array->length = NACHET_ARRAY_HEADER_BYTES;
	}
	if (length > MAX_VALUE_BYTES || !reserve(array, sizeof(uint32_t) + length))
	{
		array->failed = true;
		return;
	}
	nachet_array_put_int32(array->data + array->length, (uint32_t) length);
	if (length > 0)
		memcpy(array->data + array->length + sizeof(uint32_t), bytes, length);
	array->length += sizeof(uint32_t) + length;
	array->count++;
}

bool
nachet_array_finish(NachetArray *array)
{
	if (!reserve(array, array->length == 0 ? NACHET_ARRAY_HEADER_BYTES : 0))
		return false;
	nachet_array_put_int32(array->data, array->count > 0 ? 1 : 0);
	nachet_array_put_int32(array->data + 4, 0);
	nachet_array_put_int32(array->data + 8, array->element_type);
	nachet_array_put_int32(array->data + 12, array->count);
	nachet_array_put_int32(array->data + 16, 1);
	if (array->count == 0)
		array->length = 12;
	return true;
}

void
nachet_array_free(NachetArray *array)
{
	free(array->data);
	array->data = NULL;
	array->length = 0;
	array->capacity = 0;
	array->count = 0;
}
