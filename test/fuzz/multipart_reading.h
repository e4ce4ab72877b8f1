/*
 * test/fuzz/multipart_reading.h
 *		A second reading of multipart/form-data, which holds the whole body and looks at it plainly.
 *
 * Rule: it shares no code with http/body/multipart.c and http/body/mime.c, only the decisions listed at the top of the former.
 */
#ifndef NACHET_TEST_MULTIPART_READING_H
#define NACHET_TEST_MULTIPART_READING_H

#include <stdbool.h>
#include <stddef.h>

/* One whole part: name, filename and type are decoded and NUL-terminated, NULL where absent; data points into the body. */
typedef struct ReadPart
{
	char *name;
	char *filename;
	char *type;
	size_t name_length;
	size_t filename_length;
	const char *data;
	size_t data_length;
} ReadPart;

typedef struct Reading
{
	bool whole; /* no rule was broken and the final boundary is there */
	ReadPart *parts;
	size_t count;
} Reading;

extern Reading read_multipart(const char *boundary, const char *body, size_t size);
extern void free_reading(Reading *reading);

#endif
