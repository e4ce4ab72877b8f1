/*
 * http/body/encoded_name.h
 *		Names in a form that their client seems to have encoded.
 *
 * Such names can't be told from names that look so by themselves, but those are seldom a file's
 * or field's own.
 */
#ifndef NACHET_HTTP_ENCODED_NAME_H
#define NACHET_HTTP_ENCODED_NAME_H

#include <stddef.h>

typedef struct NachetEncoding
{
	const char *flaw; /* what follows the name in a sentence */
	const char *hint;
} NachetEncoding;

/* How a name looks encoded; NULL if it does not. */
extern const NachetEncoding *nachet_encoded_name_find(const char *name, size_t length);

#endif
