#ifndef NACHET_HTTP_MIME_H
#define NACHET_HTTP_MIME_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes inside a text that somebody else owns. */
typedef struct NachetMimeText
{
	const char *bytes;
	size_t length;
} NachetMimeText;

/* The rest of a header's value: from at up to, not including, end. */
typedef struct NachetMimeCursor
{
	const char *at;
	const char *end;
} NachetMimeCursor;

typedef enum NachetMimeStep
{
	NACHET_MIME_PARAMETER,    /* one was read */
	NACHET_MIME_END,          /* the value ends here, as it may */
	NACHET_MIME_MALFORMED,    /* neither */
	NACHET_MIME_NO_SEMICOLON, /* neither: another byte is where a parameter's semicolon must be */
	NACHET_MIME_AMBIGUOUS     /* a backslash before a quote or a backslash, see mime.c */
} NachetMimeStep;

/* How many of the bytes at the start may be in a token (RFC 9110, 5.6.2). */
extern size_t nachet_mime_token_length(const char *bytes, size_t length);

/* Are the bytes one token, such as the name of a header? */
extern bool nachet_mime_is_token(const char *bytes, size_t length);

/* Is the text this word, letters compared without case? The word is given in lower case. */
extern bool nachet_mime_is(NachetMimeText text, const char *word);

/* Read the longest token, which must not be empty. */
extern bool nachet_mime_read_token(NachetMimeCursor *cursor, NachetMimeText *token);

/* Read type "/" subtype. */
extern bool nachet_mime_read_type(NachetMimeCursor *cursor, NachetMimeText *type,
                                  NachetMimeText *subtype);

/*
 * Read the next ";" name "=" value, with spaces and tabs allowed around the semicolon only. A
 * quoted value is given without its quotes and otherwise as it was sent.
 */
extern NachetMimeStep nachet_mime_read_parameter(NachetMimeCursor *cursor, NachetMimeText *name,
                                                 NachetMimeText *value);

/* Is a Content-Type application/json, with no parameter but charset=utf-8? NULL is not. */
extern bool nachet_mime_type_is_json(const char *content_type);

#endif
