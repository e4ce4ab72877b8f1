/*
 * loader/client/text.h
 *		Text that grows, and strings as JSON writes them (RFC 8259).
 */
#ifndef NACHET_CLIENT_TEXT_H
#define NACHET_CLIENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Starts as {0}. Once memory ran out, failed is set, the text is empty, and further calls do nothing. */
typedef struct NachetText
{
	char *bytes; /* NUL-terminated once anything was added */
	size_t length;
	size_t capacity;
	bool failed;
} NachetText;

extern void nachet_text_add(NachetText *text, const void *bytes, size_t length);
extern void nachet_text_format(NachetText *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON string, quotes included, of any bytes: what is no valid UTF-8 becomes U+FFFD. */
extern void nachet_text_json(NachetText *text, const char *bytes, size_t length);

/*
 * Bytes for a line of plain text: control characters, what turns the direction of writing, and what is no valid
 * UTF-8 become \xHH. A token has blanks, quotes and backslashes written so too.
 */
extern void nachet_text_visible(NachetText *text, const char *bytes, size_t length);
extern void nachet_text_token(NachetText *text, const char *bytes, size_t length);

extern void nachet_text_free(NachetText *text);

#endif
