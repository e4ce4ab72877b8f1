/*
 * loader/client/array.h
 *		One-dimensional text[] and bytea[] parameters in PostgreSQL's binary form.
 *
 * Built in one growing buffer, because a set of a million pictures is two arrays of a million
 * elements.
 */
#ifndef NACHET_CLIENT_ARRAY_H
#define NACHET_CLIENT_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NachetArray
{
	char *data; /* NULL until something was added; NULL with failed set if memory ran out */
	size_t length;
	size_t capacity;
	uint32_t count;
	uint32_t element_type; /* NACHET_TEXT_OID or NACHET_BYTEA_OID */
	bool failed;
} NachetArray;

/* data holds this header, then each element as its length, a big-endian int32, and its bytes. */
#define NACHET_ARRAY_HEADER_BYTES 20

#define NACHET_BYTEA_OID       17
#define NACHET_TEXT_OID        25
#define NACHET_BYTEA_ARRAY_OID 1001

/* Writes four bytes, big-endian, as all binary forms of PostgreSQL have them. */
extern void nachet_array_put_int32(char *at, uint32_t value);

extern void nachet_array_init(NachetArray *array, uint32_t element_type);
extern void nachet_array_add(NachetArray *array, const void *bytes, size_t length);

/* Completes the header; false if memory ran out or the array is longer than 1 GB. */
extern bool nachet_array_finish(NachetArray *array) __attribute__((warn_unused_result));
extern void nachet_array_free(NachetArray *array);

#endif
