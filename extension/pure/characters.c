/*
 * extension/pure/characters.c
 *		What a character of a name is to people: a letter, a blank, or nothing that is seen.
 *
 * The tables follow Unicode 15: general categories Zs, Zl, Zp, Cc, Cf and Co, the noncharacters,
 * and of Default_Ignorable_Code_Point what is drawn as nothing.
 */
#include "case_folds.h"
#include "characters.h"

typedef struct Range
{
	uint32_t first;
	uint32_t last;
	NachetCharacter kind;
} Range;

/* In ascending order; what is in none of these is visible. */
static const Range ranges[] = {
    {0x0000, 0x001f, NACHET_CHARACTER_CONTROL},
    {0x0020, 0x0020, NACHET_CHARACTER_BLANK},
    {0x007f, 0x009f, NACHET_CHARACTER_CONTROL},
    {0x00a0, 0x00a0, NACHET_CHARACTER_BLANK},
    {0x00ad, 0x00ad, NACHET_CHARACTER_INVISIBLE},
    {0x034f, 0x034f, NACHET_CHARACTER_INVISIBLE},
    {0x0600, 0x0605, NACHET_CHARACTER_INVISIBLE},
    {0x061c, 0x061c, NACHET_CHARACTER_INVISIBLE},
    {0x06dd, 0x06dd, NACHET_CHARACTER_INVISIBLE},
    {0x070f, 0x070f, NACHET_CHARACTER_INVISIBLE},
    {0x0890, 0x0891, NACHET_CHARACTER_INVISIBLE},
    {0x08e2, 0x08e2, NACHET_CHARACTER_INVISIBLE},
    {0x115f, 0x1160, NACHET_CHARACTER_INVISIBLE},
    {0x1680, 0x1680, NACHET_CHARACTER_BLANK},
    {0x17b4, 0x17b5, NACHET_CHARACTER_INVISIBLE},
    {0x180b, 0x180f, NACHET_CHARACTER_INVISIBLE},
    {0x2000, 0x200a, NACHET_CHARACTER_BLANK},
    {0x200b, 0x200f, NACHET_CHARACTER_INVISIBLE},
    {0x2028, 0x2029, NACHET_CHARACTER_BLANK},
    {0x202a, 0x202e, NACHET_CHARACTER_INVISIBLE},
    {0x202f, 0x202f, NACHET_CHARACTER_BLANK},
    {0x205f, 0x205f, NACHET_CHARACTER_BLANK},
    {0x2060, 0x206f, NACHET_CHARACTER_INVISIBLE},
    {0x2800, 0x2800, NACHET_CHARACTER_BLANK}, /* a symbol by category, and drawn as nothing */
    {0x3000, 0x3000, NACHET_CHARACTER_BLANK},
    {0x3164, 0x3164, NACHET_CHARACTER_INVISIBLE},
    {0xe000, 0xf8ff, NACHET_CHARACTER_UNASSIGNED},
    {0xfdd0, 0xfdef, NACHET_CHARACTER_UNASSIGNED},
    {0xfe00, 0xfe0f, NACHET_CHARACTER_INVISIBLE},
    {0xfeff, 0xfeff, NACHET_CHARACTER_INVISIBLE},
    {0xffa0, 0xffa0, NACHET_CHARACTER_INVISIBLE},
    {0xfff0, 0xfffb, NACHET_CHARACTER_INVISIBLE},
    {0x110bd, 0x110bd, NACHET_CHARACTER_INVISIBLE},
    {0x110cd, 0x110cd, NACHET_CHARACTER_INVISIBLE},
    {0x13430, 0x1343f, NACHET_CHARACTER_INVISIBLE},
    {0x1bca0, 0x1bca3, NACHET_CHARACTER_INVISIBLE},
    {0x1d173, 0x1d17a, NACHET_CHARACTER_INVISIBLE},
    {0xe0000, 0xe0fff, NACHET_CHARACTER_INVISIBLE},
    {0xf0000, 0x10ffff, NACHET_CHARACTER_UNASSIGNED},
};

NachetCharacter
nachet_character_kind(uint32_t character)
{
	size_t low = 0;
	size_t high = sizeof(ranges) / sizeof(ranges[0]);

	if ((character & 0xfffe) == 0xfffe)
		return NACHET_CHARACTER_UNASSIGNED;
	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (character > ranges[middle].last)
			low = middle + 1;
		else if (character < ranges[middle].first)
			high = middle;
		else
			return ranges[middle].kind;
	}
	return NACHET_CHARACTER_VISIBLE;
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

uint32_t
nachet_utf8_next(const char *bytes, size_t *at)
{
	const unsigned char *next = (const unsigned char *) bytes + *at;
	int more = next[0] < 0xc0 ? 0 : next[0] < 0xe0 ? 1 : next[0] < 0xf0 ? 2 : 3;
	uint32_t character = more == 0 ? next[0] : next[0] & (0x3f >> more);

	for (int i = 1; i <= more; i++)
		character = (character << 6) | (next[i] & 0x3f);
	*at += 1 + more;
	return character;
}

static size_t
put(char *bytes, uint32_t character)
{
	if (character < 0x80)
	{
		bytes[0] = (char) character;
		return 1;
	}
	if (character < 0x800)
	{
		bytes[0] = (char) (0xc0 | (character >> 6));
		bytes[1] = (char) (0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000)
	{
		bytes[0] = (char) (0xe0 | (character >> 12));
		bytes[1] = (char) (0x80 | ((character >> 6) & 0x3f));
		bytes[2] = (char) (0x80 | (character & 0x3f));
		return 3;
	}
	bytes[0] = (char) (0xf0 | (character >> 18));
	bytes[1] = (char) (0x80 | ((character >> 12) & 0x3f));
	bytes[2] = (char) (0x80 | ((character >> 6) & 0x3f));
	bytes[3] = (char) (0x80 | (character & 0x3f));
	return 4;
}

/* --- flaws ------------------------------------------------------------------------------------ */

/* A character that no name may have, whatever its place. */
static const char *
hidden_flaw(NachetCharacter kind)
{
	switch (kind)
	{
		case NACHET_CHARACTER_INVISIBLE:
			return "has an invisible character";
		case NACHET_CHARACTER_CONTROL:
			return "has a control character";
		case NACHET_CHARACTER_UNASSIGNED:
			return "has a character that Unicode does not assign";
		default:
			return NULL;
	}
}

NachetCharacterFlaw
nachet_blanks_flaw(const char *name, size_t length)
{
	bool after_blank = true; /* as if before the name */

	for (size_t at = 0; at < length;)
	{
		size_t start = at;
		uint32_t character = nachet_utf8_next(name, &at);
		NachetCharacter kind = nachet_character_kind(character);
		bool blank = kind == NACHET_CHARACTER_BLANK;

		if (blank && character != ' ')
			return (NachetCharacterFlaw){"has a blank other than a space", character};
		if (hidden_flaw(kind) != NULL)
			return (NachetCharacterFlaw){hidden_flaw(kind), character};
		if (blank && start == 0)
			return (NachetCharacterFlaw){"starts with a blank", 0};
		if (blank && after_blank)
			return (NachetCharacterFlaw){"has two blanks in a row", 0};
		if (blank && at >= length)
			return (NachetCharacterFlaw){"ends with a blank", 0};
		after_blank = blank;
	}
	return (NachetCharacterFlaw){NULL, 0};
}

NachetCharacterFlaw
nachet_invisible_flaw(const char *address, size_t length)
{
	for (size_t at = 0; at < length;)
	{
		uint32_t character = nachet_utf8_next(address, &at);
		NachetCharacter kind = nachet_character_kind(character);

		if (kind == NACHET_CHARACTER_BLANK)
			return (NachetCharacterFlaw){"has a blank", character};
		if (hidden_flaw(kind) != NULL)
			return (NachetCharacterFlaw){hidden_flaw(kind), character};
	}
	return (NachetCharacterFlaw){NULL, 0};
}

/* --- keys ------------------------------------------------------------------------------------- */

size_t
nachet_name_key(const char *name, size_t length, int what, char *key)
{
	size_t written = 0;
	bool blank = false; /* one is to be written before the next character */

	for (size_t at = 0; at < length;)
	{
		uint32_t character = nachet_utf8_next(name, &at);
		NachetCharacter kind = (what & NACHET_KEY_BLANKS) != 0 ? nachet_character_kind(character)
		                                                       : NACHET_CHARACTER_VISIBLE;

		if (kind == NACHET_CHARACTER_INVISIBLE)
			continue;
		if (kind == NACHET_CHARACTER_BLANK)
		{
			blank = written > 0;
			continue;
		}
		if (blank)
			key[written++] = ' ';
		blank = false;
		written += put(key + written,
		               (what & NACHET_KEY_CASE) != 0 ? nachet_case_fold(character) : character);
	}
	return written;
}
