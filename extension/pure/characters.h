/*
 * extension/pure/characters.h
 *		What a character of a name is to people: a letter, a blank, or nothing that is seen.
 *
 * All functions take valid UTF-8 (see names.h). Nothing here asks the locale.
 */
#ifndef NACHET_CHARACTERS_H
#define NACHET_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum NachetCharacter
{
	NACHET_CHARACTER_VISIBLE,
	NACHET_CHARACTER_BLANK,     /* Unicode's separators: Zs, Zl, Zp */
	NACHET_CHARACTER_INVISIBLE, /* format characters (Cf) and others that are drawn as nothing */
	NACHET_CHARACTER_CONTROL,   /* Cc: C0, DEL, C1 */
	NACHET_CHARACTER_UNASSIGNED /* private use and noncharacters, which no two systems draw alike */
} NachetCharacter;

extern NachetCharacter nachet_character_kind(uint32_t character);

/* Reads the character at bytes + *at, and moves *at behind it. */
extern uint32_t nachet_utf8_next(const char *bytes, size_t *at);

/* What is wrong with a text; what is NULL if nothing is. */
typedef struct NachetCharacterFlaw
{
	const char *what;   /* a static string, fit to follow the text: "starts with a blank", ... */
	uint32_t character; /* the one to name beside it, or 0 */
} NachetCharacterFlaw;

/*
 * Looks for what people do not see in a name of a seed: blanks at an end or two in a row, blanks
 * other than U+0020, characters of the other kinds.
 */
extern NachetCharacterFlaw nachet_blanks_flaw(const char *name, size_t length);

/* Looks for whatever is not visible in an e-mail address, blanks included. */
extern NachetCharacterFlaw nachet_invisible_flaw(const char *address, size_t length);

/* What nachet_name_key makes equal. */
#define NACHET_KEY_CASE 1 /* letters of all scripts (case_folds.h) */
#define NACHET_KEY_BLANKS                                                                          \
	2 /* blanks: one space for each run, none at the ends; invisible characters go */

/*
 * Writes the form by which names are compared, at most length bytes, and returns its length. The
 * name should be in Unicode's normalization form C. The key may not be, without case: the capital
 * of a letter with an accent may be two characters that, as small letters, are one.
 */
extern size_t nachet_name_key(const char *name, size_t length, int what, char *key);

#endif
