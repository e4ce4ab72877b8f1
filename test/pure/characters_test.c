/*
 * test/pure/characters_test.c
 *		Blanks and invisible characters in names, and the form by which names are compared.
 */
#include "characters.h"
#include "names.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

typedef struct Kind
{
	const char *text;
	uint32_t character;
	NachetCharacter kind;
} Kind;

static const Kind kinds[] = {
    {"a", 'a', NACHET_CHARACTER_VISIBLE},
    {" ", ' ', NACHET_CHARACTER_BLANK},
    {"\t", '\t', NACHET_CHARACTER_CONTROL},
    {"\x7f", 0x7f, NACHET_CHARACTER_CONTROL},
    {"\xc2\x85", 0x85, NACHET_CHARACTER_CONTROL},
    {"\xc2\xa0", 0xa0, NACHET_CHARACTER_BLANK},
    {"\xc2\xa1", 0xa1, NACHET_CHARACTER_VISIBLE},
    {"\xc2\xad", 0xad, NACHET_CHARACTER_INVISIBLE},
    {"\xc3\xa9", 0xe9, NACHET_CHARACTER_VISIBLE},
    {"\xcc\x81", 0x301, NACHET_CHARACTER_VISIBLE},
    {"\xe1\x9a\x80", 0x1680, NACHET_CHARACTER_BLANK},
    {"\xe2\x80\x8a", 0x200a, NACHET_CHARACTER_BLANK},
    {"\xe2\x80\x8b", 0x200b, NACHET_CHARACTER_INVISIBLE},
    {"\xe2\x80\xa8", 0x2028, NACHET_CHARACTER_BLANK},
    {"\xe2\x80\xa9", 0x2029, NACHET_CHARACTER_BLANK},
    {"\xe2\x80\xae", 0x202e, NACHET_CHARACTER_INVISIBLE},
    {"\xe2\x80\xaf", 0x202f, NACHET_CHARACTER_BLANK},
    {"\xe2\x81\xa0", 0x2060, NACHET_CHARACTER_INVISIBLE},
    {"\xe3\x80\x80", 0x3000, NACHET_CHARACTER_BLANK},
    {"\xee\x80\x80", 0xe000, NACHET_CHARACTER_UNASSIGNED},
    {"\xef\xb7\x90", 0xfdd0, NACHET_CHARACTER_UNASSIGNED},
    {"\xef\xb8\x8f", 0xfe0f, NACHET_CHARACTER_INVISIBLE},
    {"\xef\xbb\xbf", 0xfeff, NACHET_CHARACTER_INVISIBLE},
    {"\xef\xbf\xbe", 0xfffe, NACHET_CHARACTER_UNASSIGNED},
    {"\xf0\x9f\x8c\xb1", 0x1f331, NACHET_CHARACTER_VISIBLE},
    {"\xf0\x9f\xbf\xbf", 0x1ffff, NACHET_CHARACTER_UNASSIGNED},
    {"\xf3\xa0\x81\xa1", 0xe0061, NACHET_CHARACTER_INVISIBLE},
    {"\xf4\x8f\xbf\xbd", 0x10fffd, NACHET_CHARACTER_UNASSIGNED},
};

typedef struct Flawed
{
	const char *text;
	const char *flaw; /* NULL: none */
	uint32_t character;
} Flawed;

static const Flawed names[] = {
    {"Brassica napus", NULL, 0},
    {"B", NULL, 0},
    {"\xc3\x89pervi\xc3\xa8re orang\xc3\xa9"
     "e",
     NULL, 0},
    {" Brassica", "starts with a blank", 0},
    {" ", "starts with a blank", 0},
    {"Brassica ", "ends with a blank", 0},
    {"Brassica  napus", "has two blanks in a row", 0},
    {"Brassica\xc2\xa0napus", "has a blank other than a space", 0xa0},
    {"\xe3\x80\x80"
     "Brassica",
     "has a blank other than a space", 0x3000},
    {"Brassica\xe2\x80\x8bnapus", "has an invisible character", 0x200b},
    {"Brassica\tnapus", "has a control character", 9},
    {"Brassica\xc2\x85napus", "has a control character", 0x85},
    {"Brassica \xee\x80\x80", "has a character that Unicode does not assign", 0xe000},
};

static const Flawed addresses[] = {
    {"someone@example.org", NULL, 0},
    {"\xc3\xa9mile@example.org", NULL, 0},
    {"so meone@example.org", "has a blank", ' '},
    {"someone\xe2\x80\xa8@example.org", "has a blank", 0x2028},
    {"someone\xef\xbb\xbf@example.org", "has an invisible character", 0xfeff},
    {"someone\xe2\x80\xae@example.org", "has an invisible character", 0x202e},
    {"someone\n@example.org", "has a control character", '\n'},
    {"someone\xc2\x9f@example.org", "has a control character", 0x9f},
};

typedef struct Key
{
	const char *name;
	int what;
	const char *key;
} Key;

#define BOTH (NACHET_KEY_CASE | NACHET_KEY_BLANKS)
static const Key keys[] = {
    {"Brassica napus", BOTH, "brassica napus"},
    {"  Brassica\xc2\xa0\xe2\x80\x83 napus\xe3\x80\x80", BOTH, "brassica napus"},
    {"BRASSICA\xe2\x80\x8b NAPUS", BOTH, "brassica napus"},
    {"BRASSICA  NAPUS", NACHET_KEY_CASE, "brassica  napus"},
    {" Brassica  napus ", NACHET_KEY_BLANKS, "Brassica napus"},
    {"\xc3\x89\xc3\x97\xc3\x9e\xc5\xb8\xc4\xb9\xc5\xa0", BOTH,
     "\xc3\xa9\xc3\x97\xc3\xbe\xc3\xbf\xc4\xba\xc5\xa1"},
    {"\xce\x91\xce\xa3\xcf\x82\xce\x8f", BOTH, "\xce\xb1\xcf\x83\xcf\x83\xcf\x8e"},
    {"\xd0\x90\xd0\xaf\xd0\x81", BOTH, "\xd0\xb0\xd1\x8f\xd1\x91"},
    {"\xe1\xba\x9e\xe1\xbb\x86", BOTH, "\xc3\x9f\xe1\xbb\x87"},
    {"\xf0\x9f\x8c\xb1", BOTH, "\xf0\x9f\x8c\xb1"},
    {"", BOTH, ""},
    {" \xc2\xa0 ", BOTH, ""},
};

static void
test_kinds(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		size_t at = 0;
		uint32_t character = nachet_utf8_next(kinds[i].text, &at);

		ok(character == kinds[i].character && at == strlen(kinds[i].text) &&
		       nachet_character_kind(character) == kinds[i].kind,
		   "U+%04X is of kind %d", (unsigned) kinds[i].character, (int) kinds[i].kind);
	}
}

static void
test_flaws(const Flawed *texts, size_t count, NachetCharacterFlaw (*find)(const char *, size_t))
{
	for (size_t i = 0; i < count; i++)
	{
		NachetCharacterFlaw flaw = find(texts[i].text, strlen(texts[i].text));
		bool same = flaw.what == NULL
		                ? texts[i].flaw == NULL
		                : texts[i].flaw != NULL && strcmp(flaw.what, texts[i].flaw) == 0;

		if (!ok(same && flaw.character == texts[i].character, "text %zu %s", i,
		        texts[i].flaw == NULL ? "is good" : texts[i].flaw))
			diag("%s, U+%04X", flaw.what == NULL ? "no flaw" : flaw.what,
			     (unsigned) flaw.character);
	}
}

static void
test_keys(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
	{
		size_t length = strlen(keys[i].name);
		char *key = malloc(length + 1); /* of the exact size, for the sanitizer */
		size_t written = nachet_name_key(keys[i].name, length, keys[i].what, key);

		ok(written == strlen(keys[i].key) && memcmp(key, keys[i].key, written) == 0, "key %zu", i);
		free(key);
	}
}

/*
 * Every character goes into a key of its own length at most, stays valid, and a key is its own key.
 */
static void
test_every_character(void)
{
	int wrong = 0;

	for (uint32_t character = 1; character < 0x110000; character++)
	{
		char name[4];
		char key[4];
		char again[4];
		size_t at = 0;
		size_t length = 1;
		size_t written;

		if (character >= 0xd800 && character <= 0xdfff)
			continue;
		if (character >= 0x10000)
			length = 4;
		else if (character >= 0x800)
			length = 3;
		else if (character >= 0x80)
			length = 2;
		for (size_t i = length - 1; i > 0; i--)
			name[i] = (char) (0x80 | ((character >> (6 * (length - 1 - i))) & 0x3f));
		name[0] = (char) (length == 1 ? character
		                              : (0xf00u >> length) | (character >> (6 * (length - 1))));
		if (!nachet_utf8_valid(name, length) || nachet_utf8_next(name, &at) != character)
			wrong++;
		written = nachet_name_key(name, length, BOTH, key);
		if (written > length || !nachet_utf8_valid(key, written) ||
		    nachet_name_key(key, written, BOTH, again) != written ||
		    memcmp(key, again, written) != 0)
			wrong++;
	}
	ok(wrong == 0,
	   "every character's key is valid, no longer than the character, and its own key: %d are not",
	   wrong);
}

int
main(void)
{
	test_kinds();
	test_flaws(names, sizeof(names) / sizeof(names[0]), nachet_blanks_flaw);
	test_flaws(addresses, sizeof(addresses) / sizeof(addresses[0]), nachet_invisible_flaw);
	test_keys();
	test_every_character();
	return tap_done();
}
