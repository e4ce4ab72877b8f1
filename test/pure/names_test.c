/*
 * test/pure/names_test.c
 *		Which names a picture may have, UTF-8, and what desktops leave in folders.
 */
#include "names.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* Text and its length, so that a NUL may stand in it. */
#define TEXT(literal) literal, sizeof(literal) - 1

typedef struct Name
{
	const char *text;
	size_t length;
	const char *flaw; /* NULL: a good name */
} Name;

static const Name names[] = {
    {TEXT("a"), NULL},
    {TEXT("a.png"), NULL},
    {TEXT("a/b/c.tiff"), NULL},
    {TEXT("..a"), NULL},
    {TEXT("a.."), NULL},
    {TEXT("..."), NULL},
    {TEXT("a/.../b"), NULL},
    {TEXT("a/..b"), NULL},
    {TEXT(".hidden"), NULL},
    {TEXT(" a b "), NULL},
    {TEXT("a\\b"), NULL},
    {TEXT("a:b*c?\"<>|"), NULL},
    {TEXT("\xc2\xa0"), NULL},
    {TEXT("Br\xc3\xa9sil/caf\x65\xcc\x81.jpg"), NULL},
    {TEXT("\xe7\xa7\x8d\xe5\xad\x90.png"), NULL},
    {TEXT("\xf0\x9f\x8c\xb1"), NULL},
    {TEXT("\xef\xbf\xbf"), NULL},
    {TEXT("\xf4\x8f\xbf\xbf"), NULL},
    {TEXT(""), "is empty"},
    {TEXT("/"), "starts with a slash"},
    {TEXT("/a"), "starts with a slash"},
    {TEXT("a/"), "ends with a slash"},
    {TEXT("a//b"), "has an empty component"},
    {TEXT("."), "has a component \".\""},
    {TEXT("./a"), "has a component \".\""},
    {TEXT("a/./b"), "has a component \".\""},
    {TEXT("a/."), "has a component \".\""},
    {TEXT(".."), "has a component \"..\""},
    {TEXT("../a"), "has a component \"..\""},
    {TEXT("a/../b"), "has a component \"..\""},
    {TEXT("a/.."), "has a component \"..\""},
    {TEXT("a\0b"), "has a control character"},
    {TEXT("a\nb"), "has a control character"},
    {TEXT("\x1f"), "has a control character"},
    {TEXT("a\x7f"), "has a control character"},
    {TEXT("a\xc2\x80"), "has a control character"},
    {TEXT("a\xc2\x9f"), "has a control character"},
    {TEXT("\xff"), "is not valid UTF-8"},
    {TEXT("caf\xe9.jpg"), "is not valid UTF-8"},
    {TEXT("a\xc2"), "is not valid UTF-8"},
};

/* The tokens that programs know a flaw by. */
static const char *const codes[][2] = {
    {"is empty", "name_empty"},
    {"is longer than 1,024 bytes", "name_too_long"},
    {"is not valid UTF-8", "name_not_utf8"},
    {"has a control character", "name_control_character"},
    {"starts with a slash", "name_component"},
    {"ends with a slash", "name_component"},
    {"has an empty component", "name_component"},
    {"has a component \".\"", "name_component"},
    {"has a component \"..\"", "name_component"},
};

static bool
has_code_of(const char *name, size_t length, const char *flaw)
{
	const char *code = nachet_name_flaw_code(name, length);

	for (size_t i = 0; flaw != NULL && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i][0], flaw) == 0)
			return code != NULL && strcmp(code, codes[i][1]) == 0;
	return flaw == NULL && code == NULL;
}

static void
test_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		/* A copy of the exact length: ASan sees a step beyond it. */
		char *copy = malloc(names[i].length + (names[i].length == 0));
		const char *flaw;

		memcpy(copy, names[i].text, names[i].length);
		flaw = nachet_name_flaw(copy, names[i].length);
		if (!ok(names[i].flaw == NULL ? flaw == NULL
		                              : flaw != NULL && strcmp(flaw, names[i].flaw) == 0,
		        "name %zu %s", i, names[i].flaw == NULL ? "is good" : names[i].flaw))
			diag("got: %s", flaw == NULL ? "no flaw" : flaw);
		ok(has_code_of(copy, names[i].length, names[i].flaw), "and its code is that of the flaw");
		free(copy);
	}
}

static void
test_longest_name(void)
{
	char name[NACHET_NAME_MAX_BYTES + 1];
	const char *flaw;

	memset(name, 'a', sizeof(name));
	ok(nachet_name_flaw(name, 1024) == NULL, "1,024 bytes are good");
	flaw = nachet_name_flaw(name, 1025);
	ok(flaw != NULL && strcmp(flaw, "is longer than 1,024 bytes") == 0, "1,025 bytes are too many");
	ok(has_code_of(name, 1025, flaw), "and have a code of their own");
}

static const Name texts[] = {
    {TEXT(""), NULL},
    {TEXT("plain"), NULL},
    {TEXT("\0"), NULL},
    {TEXT("\xc2\x80\xdf\xbf"), NULL},
    {TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"), NULL},
    {TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), NULL},
    {TEXT("\x80"), "a continuation byte alone"},
    {TEXT("\xc0\x80"), "NUL in two bytes"},
    {TEXT("\xc1\xbf"), "DEL in two bytes"},
    {TEXT("\xe0\x9f\xbf"), "U+07FF in three bytes"},
    {TEXT("\xe0\x80\xaf"), "a slash in three bytes"},
    {TEXT("\xf0\x8f\xbf\xbf"), "U+FFFF in four bytes"},
    {TEXT("\xed\xa0\x80"), "the first surrogate"},
    {TEXT("\xed\xbf\xbf"), "the last surrogate"},
    {TEXT("\xf4\x90\x80\x80"), "U+110000"},
    {TEXT("\xf5\x80\x80\x80"), "a first byte F5"},
    {TEXT("\xf8\x88\x80\x80\x80"), "five bytes"},
    {TEXT("\xc3"), "one byte of two"},
    {TEXT("\xe7\xa7"), "two bytes of three"},
    {TEXT("\xf0\x9f\x8c"), "three bytes of four"},
    {TEXT("\xc3("), "a second byte that is none"},
    {TEXT("\xe7\xa7("), "a third byte that is none"},
    {TEXT("\xf0\x9f\x8c("), "a fourth byte that is none"},
};

static void
test_utf8(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		char *copy = malloc(texts[i].length + (texts[i].length == 0));

		memcpy(copy, texts[i].text, texts[i].length);
		ok(nachet_utf8_valid(copy, texts[i].length) == (texts[i].flaw == NULL), "UTF-8: %s",
		   texts[i].flaw == NULL ? "valid" : texts[i].flaw);
		free(copy);
	}
}

/* Every code point, encoded as RFC 3629 says, against the rule itself. */
static void
test_all_code_points(void)
{
	int wrong = 0;

	for (unsigned int code = 0x80; code < 0x120000; code++)
	{
		bool valid = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
		char text[4];
		size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

		for (size_t i = 0; i < length; i++)
			text[i] = (char) (0x80 | (code >> (6 * (length - 1 - i)) & 0x3f));
		text[0] = (char) (first[length] | code >> (6 * (length - 1)));
		wrong += nachet_utf8_valid(text, length) != valid;
	}
	ok(wrong == 0, "UTF-8: all code points but the surrogates, up to U+10FFFF, are valid");
}

typedef struct Made
{
	const char *path;
	bool folder;
	const char *component; /* NULL: a person may have made it */
	const char *what;      /* a part of it */
} Made;

static const Made made[] = {
    /* Thumbnails. */
    {"nas/@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", false, "@eaDir", "Synology"},
    {"@eadir", true, "@eadir", "Synology"},
    {"a/SYNOFILE_THUMB_M.png", false, "SYNOFILE_THUMB_M.png", "Synology"},
    {".@__thumb/a.png", false, ".@__thumb", "QNAP"},
    {"2024/.thumbnails/normal/a.png", false, ".thumbnails", "thumbnails"},
    {"Catalog Previews.lrdata/a/b.jpg", false, "Catalog Previews.lrdata", "Lightroom"},
    {"THUMBS.DB", false, "THUMBS.DB", "Windows"},
    {"a/ehthumbs.db", false, "ehthumbs.db", "Windows"},
    /* Trash, and old versions. */
    {"#recycle/a.png", false, "#recycle", "recycle bin"},
    {"@Recycle/a.png", false, "@Recycle", "recycle bin"},
    {"$RECYCLE.BIN/S-1-5-21/$R1.png", false, "$RECYCLE.BIN", "Windows"},
    {"$Recycle.Bin", true, "$Recycle.Bin", "Windows"},
    {".Trash-1000/files/a.png", false, ".Trash-1000", "trash"},
    {".Trashes/501/a.png", false, ".Trashes", "trash"},
    {".dtrash/files/a.png", false, ".dtrash", "digiKam"},
    {".trashed-1700000000-a.jpg", false, ".trashed-1700000000-a.jpg", "trash"},
    {".picasaoriginals/a.jpg", false, ".picasaoriginals", "Picasa"},
    {".stversions/a~20240101-000000.png", false, ".stversions", "Syncthing"},
    {".dropbox.cache/a.png", false, ".dropbox.cache", "Dropbox"},
    {"p.png~", false, "p.png~", "backup"},
    {".nfs000000000012", false, ".nfs000000000012", "removed file"},
    /* Notes. */
    {".DS_Store", false, ".DS_Store", "desktop"},
    {"a/b/._c.png", false, "._c.png", "macOS"},
    {"a/__MACOSX/._c.png", false, "__MACOSX", "macOS"},
    {".AppleDouble/c.png", false, ".AppleDouble", "macOS"},
    {"Icon\r", false, "Icon\r", "macOS"},
    {"System Volume Information", true, "System Volume Information", "Windows"},
    {".Spotlight-V100/a", false, ".Spotlight-V100", "macOS"},
    {".fseventsd", true, ".fseventsd", "macOS"},
    /* What is not whole. */
    {".~p.png", false, ".~p.png", "temporary"},
    {".~tmp~/p.png", false, ".~tmp~", "temporary"},
    {".syncthing.p.png.tmp", false, ".syncthing.p.png.tmp", "not received completely"},
    /* Of two, the first. */
    {"@eaDir/.thumbnails/a.png", false, "@eaDir", "Synology"},
    /* Names that people give. */
    {"", false, NULL, NULL},
    {"a.png", false, NULL, NULL},
    {"thumbnails/a.png", false, NULL, NULL},
    {"cache/tmp/trash/a.png", false, NULL, NULL},
    {".hidden/.a.png", false, NULL, NULL},
    {"@home/#1/$5/a.png", false, NULL, NULL},
    {"eaDir/a.png", false, NULL, NULL},
    {"@eaDir2/a.png", false, NULL, NULL},
    {"x@eaDir/a.png", false, NULL, NULL},
    {"@eaDir", false, NULL, NULL},
    {"a~b/c.png", false, NULL, NULL},
    {"old~/a.png", false, NULL, NULL},
    {"~", false, NULL, NULL},
    {"._", false, NULL, NULL},
    {"._folder/a.png", false, NULL, NULL},
    {"Thumbs.db/a.png", false, NULL, NULL},
    {"thumbs.db", true, NULL, NULL},
    {".lrdata/a.png", false, NULL, NULL},
    {".Trash-/a.png", false, NULL, NULL},
    {".syncthing..tmp", false, NULL, NULL},
    {".syncthing.tmp", false, NULL, NULL},
};

static void
test_machine_made(void)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
	{
		size_t length = strlen(made[i].path);
		char *copy = malloc(length + (length == 0));
		NachetMachineMade found = {NULL, 0, NULL};
		bool right;

		memcpy(copy, made[i].path, length);
		right = nachet_path_is_machine_made(copy, length, made[i].folder, &found) ==
		        (made[i].component != NULL);
		if (right && made[i].component != NULL)
			right = found.length == strlen(made[i].component) &&
			        memcmp(found.component, made[i].component, found.length) == 0 &&
			        strstr(found.what, made[i].what) != NULL;
		if (!ok(right, "%s%s %s", made[i].path, made[i].folder ? "/" : "",
		        made[i].component != NULL ? "is machine-made" : "may be a person's"))
			diag("got: %.*s, %s", (int) found.length, found.length > 0 ? found.component : "",
			     found.what != NULL ? found.what : "nothing");
		free(copy);
	}
}

/* Whoever judges by the rows elsewhere needs to know of them only what names.h says. */
static void
test_rows(void)
{
	size_t count = 0;
	size_t wrong = 0;

	for (const NachetMachineMadeRow *row; (row = nachet_machine_made_row(count)) != NULL; count++)
	{
		wrong += row->kinds < 1 || row->kinds > 3 || *row->pattern == '\0' || *row->what == '\0';
		wrong += strchr(row->pattern, '*') != strrchr(row->pattern, '*');
		for (const char *at = row->pattern; *at != '\0'; at++)
			wrong += (*at >= 'A' && *at <= 'Z') || *at == '/' || *at == '"' || *at == '\\';
	}
	ok(count > 50 && wrong == 0, "the rows of the list are as others may read them");
}

int
main(void)
{
	test_rows();
	test_names();
	test_longest_name();
	test_utf8();
	test_all_code_points();
	test_machine_made();
	return tap_done();
}
