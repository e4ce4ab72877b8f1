/*
 * loader/client/visible.h
 *		Text of others on a terminal or in a log: nothing in it acts, hides or turns around.
 */
#ifndef NACHET_CLIENT_VISIBLE_H
#define NACHET_CLIENT_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum NachetCharacter
{
	NACHET_CHARACTER_PLAIN,
	NACHET_CHARACTER_FORMAT,  /* has no shape of its own, or turns the direction of writing */
	NACHET_CHARACTER_CONTROL, /* C0, DEL and C1 */
	NACHET_CHARACTER_INVALID  /* a byte that begins no valid UTF-8 */
} NachetCharacter;

/* What stands at the start of bytes, of which there is at least one, and its length: 1 to 4 bytes. */
extern NachetCharacter nachet_character(const char *bytes, size_t length, size_t *size);

/* The code point of a format or control character of that size. */
extern unsigned nachet_character_code(const char *bytes, size_t size);

/* What nachet_visible leaves as it is. */
#define NACHET_VISIBLE_LINES  1 /* new lines */
#define NACHET_VISIBLE_FORMAT 2 /* format characters, which names may have */

/*
 * A copy in which the bytes of all but plain characters are \xHH. It is the caller's to free; NULL if
 * memory ran out.
 */
extern char *nachet_visible(const char *text, size_t length, int keep);

#endif
