#ifndef NACHET_CLIENT_TEXT_H
#define NACHET_CLIENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Starts as {0}. If memory runs out, failed is set, the text is emptied, and calls do nothing. */
typedef struct NachetText
{
	char *bytes; /* NUL-terminated once anything was added */
	size_t length;
	size_t capacity;
	bool failed;
} NachetText;

/*
 * Grows a block to hold at least so many items of a size, twice as many as before; block points to
 * the pointer to it, which starts as NULL with a capacity of 0. False if memory ran out: the block
 * is as it was.
 */
extern bool nachet_text_grow(void *block, size_t *capacity, size_t needed, size_t size)
    __attribute__((warn_unused_result));

extern void nachet_text_add(NachetText *text, const void *bytes, size_t length);
extern void nachet_text_format(NachetText *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The bytes at the start that messages keep: at most so many, and no part of a character of UTF-8.
 */
extern size_t nachet_text_kept(const char *bytes, size_t length, size_t maximum);

/*
 * A JSON string, quotes included, of any bytes: what is not valid UTF-8 becomes U+FFFD, and what is
 * not seen, or turns the direction of writing, is escaped.
 */
extern void nachet_text_json(NachetText *text, const char *bytes, size_t length);

/*
 * Bytes for a line of plain text: control characters, what is not seen or turns the direction of
 * writing, and what is not valid UTF-8 become \xHH. A token has blanks, quotes and backslashes
 * written so too.
 */
extern void nachet_text_visible(NachetText *text, const char *bytes, size_t length);
extern void nachet_text_token(NachetText *text, const char *bytes, size_t length);

extern void nachet_text_free(NachetText *text);

/* What nachet_visible leaves as it is. */
#define NACHET_VISIBLE_LINES  1 /* new lines */
#define NACHET_VISIBLE_HIDDEN 2 /* characters that are not seen, which names may have */

/* A visible copy, which the caller frees; NULL if memory ran out. */
extern char *nachet_visible(const char *bytes, size_t length, int keep);

#endif
