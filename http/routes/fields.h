#ifndef NACHET_HTTP_FIELDS_H
#define NACHET_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/array.h"
#include "loader/client/text.h"

typedef enum NachetFieldFlaw
{
	NACHET_FIELD_FINE,
	NACHET_FIELD_TOO_LARGE, /* all fields together, in bytes or in number */
	NACHET_FIELD_NO_TEXT,   /* not UTF-8, or with a NUL */
	NACHET_FIELD_UNNAMED,
	NACHET_FIELD_REPEATED
} NachetFieldFlaw;

#define NACHET_FIELDS_BYTES (64 * 1024)
#define NACHET_FIELDS_COUNT 100

typedef struct NachetFields
{
	NachetArray names;
	NachetArray values;
	NachetText name;  /* of the field being read */
	NachetText value; /* so far */
	size_t bytes;
} NachetFields;

extern void nachet_fields_init(NachetFields *fields);
extern void nachet_fields_free(NachetFields *fields);

/* A field begins, goes on, and ends; after a flaw, the form is worth nothing. */
extern NachetFieldFlaw nachet_fields_begin(NachetFields *fields, const char *name, size_t length);
extern NachetFieldFlaw nachet_fields_receive(NachetFields *fields, const void *bytes,
                                             size_t length);
extern NachetFieldFlaw nachet_fields_end(NachetFields *fields);

extern bool nachet_fields_has(const NachetFields *fields, const char *name);

#endif
