/*
 * loader/client/visible.h
 *		Text of others on a terminal or in a log: nothing in it acts, hides or turns around.
 */
#ifndef NACHET_CLIENT_VISIBLE_H
#define NACHET_CLIENT_VISIBLE_H

#include <stddef.h>
#include <stdint.h>

typedef enum NachetLook
{
	NACHET_LOOK_PLAIN,
	NACHET_LOOK_HIDDEN,  /* is not seen, or turns the direction of writing, or breaks the line */
	NACHET_LOOK_CONTROL, /* C0, DEL and C1 */
	NACHET_LOOK_INVALID  /* a byte that begins no valid UTF-8 */
} NachetLook;

/*
 * How the character at the start of bytes looks, of which there is at least one. *size is its
 * length, 1 to 4 bytes, and *code its code point, or the invalid byte.
 */
extern NachetLook nachet_look(const char *bytes, size_t length, size_t *size, uint32_t *code);

/* What nachet_visible leaves as it is. */
#define NACHET_VISIBLE_LINES  1 /* new lines */
#define NACHET_VISIBLE_HIDDEN 2 /* hidden characters, which names may have */

/*
 * A copy in which the bytes of all but plain characters are \xHH. The caller frees it; NULL if
 * memory ran out.
 */
extern char *nachet_visible(const char *text, size_t length, int keep);

#endif
