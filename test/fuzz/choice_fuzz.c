/*
 * test/fuzz/choice_fuzz.c
 *		--include and --exclude, against a matcher of the documented rules that steps through the path by sets of places.
 *
 * Input: the path, patterns to include until an empty one, patterns to exclude; each up to a NUL. Where the meaning is the C
 * library's own (brackets, a backslash at the end, bytes that are no character, a '?' beside characters of several bytes,
 * which glibc's fnmatch also counts singly), they are only tried.
 */
#include <dirent.h>
#include <locale.h>
#include <stdbool.h>
#include <wchar.h>

#include "loader/files/choice.h"
#include "pure/names.h"
#include "fuzz.h"

#define ROOM     NACHET_NAME_MAX_BYTES
#define PATTERNS 8

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	CLAIM(setlocale(LC_CTYPE, "C.UTF-8") != NULL); /* as nachet-load does */
	return 0;
}

/* Behind the places in a text, each wildcard's next ones; place[i] is before its character number i. */
typedef struct Places
{
	bool here[ROOM + 3];
} Places;

/* Any number of characters that are no '/'. */
static void
step_star(Places *places, const wchar_t *text)
{
	for (size_t i = 0; text[i] != 0; i++)
		places->here[i + 1] |= places->here[i] && text[i] != '/';
}

/* Any number of components, each with the '/' before it. */
static void
step_folders(Places *places, const wchar_t *text)
{
	bool within = false;

	for (size_t i = 0;; i++)
	{
		bool between = text[i] == '/' || text[i] == 0;

		within = within || (places->here[i] && text[i] == '/');
		places->here[i] = between && (places->here[i] || within);
		if (text[i] == 0)
			return;
	}
}

/* One character: this one, or for 0 any that is no '/'. */
static void
step_one(Places *places, const wchar_t *text, wchar_t wanted)
{
	bool before = false;

	for (size_t i = 0;; i++)
	{
		bool now = places->here[i];

		places->here[i] = before;
		if (text[i] == 0)
			return;
		before = now && (wanted != 0 ? text[i] == wanted : text[i] != '/');
	}
}

/* Whether the pattern covers the whole text. Both begin with a '/'. */
static bool
covers(const wchar_t *pattern, const wchar_t *text)
{
	Places places = {{true}};

	while (*pattern != 0)
	{
		if (wcsncmp(pattern, L"/**", 3) == 0 && (pattern[3] == '/' || pattern[3] == 0))
		{
			step_folders(&places, text);
			pattern += 3;
			continue;
		}
		if (*pattern == '*')
			step_star(&places, text);
		else if (*pattern == '?')
			step_one(&places, text, 0);
		else
		{
			pattern += *pattern == '\\';
			step_one(&places, text, *pattern);
		}
		pattern++;
	}
	return places.here[wcslen(text)];
}

/* As characters, behind a '/' where there is none; false where the bytes are none. */
static bool
widen(const char *bytes, wchar_t wide[ROOM + 3])
{
	wide[0] = '/';
	return mbstowcs(wide + (*bytes != '/'), bytes, ROOM + 1) != (size_t) -1;
}

/* Whether a pattern meets the path or a folder above it; the path is cut at each '/' in turn. */
static bool
pattern_meets(const char *pattern, const char *path, bool folder)
{
	wchar_t wide_pattern[ROOM + 3];
	wchar_t wide_path[ROOM + 3];
	bool folders_only;
	bool met = false;
	wchar_t *end;
	size_t length;

	CLAIM(widen(pattern, wide_pattern) && widen(path, wide_path));
	length = wcslen(wide_pattern);
	folders_only = wide_pattern[length - 1] == '/';
	if (folders_only)
		wide_pattern[length - 1] = 0;
	for (end = wide_path + 1; !met; end++)
	{
		wchar_t was = *end;

		if (was != '/' && was != 0)
			continue;
		*end = 0;
		if (!folders_only || folder || was == '/')
			met = covers(wide_pattern, pattern[0] == '/' || wcschr(wide_pattern + 1, '/') != NULL
			                               ? wide_path
			                               : wcsrchr(wide_path, '/'));
		*end = was;
		if (was == 0)
			break;
	}
	return met;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char) *text < 0x80)
		text++;
	return *text == '\0';
}

static bool
is_plain(const char *pattern, const char *path)
{
	if (strchr(pattern, '[') != NULL || !nachet_utf8_valid(pattern, strlen(pattern)) ||
	    (strchr(pattern, '?') != NULL && !is_ascii(path)))
		return false;
	for (const char *at = strchr(pattern, '\\'); at != NULL; at = strchr(at + 2, '\\'))
	{
		if (at[1] == '\0' || at[1] == '/')
			return false;
	}
	return true;
}

/* Reads patterns up to an empty one; false where one may not stand. */
static bool
read_patterns(NachetTexts *patterns, const uint8_t **at, const uint8_t *end)
{
	bool good = true;

	for (;;)
	{
		char *pattern = fuzz_text(at, end);

		if (*pattern == '\0' || patterns->count == PATTERNS)
		{
			free(pattern);
			return good;
		}
		patterns->text[patterns->count++] = pattern;
		good = good && nachet_pattern_flaw(pattern) == NULL;
	}
}

static bool
any_meets(const NachetTexts *patterns, const char *path, bool folder)
{
	bool met = false;

	for (int i = 0; i < patterns->count; i++)
		met = met || pattern_meets(patterns->text[i], path, folder);
	return met;
}

static bool
all_plain(const NachetTexts *patterns, const char *path)
{
	bool plain = true;

	for (int i = 0; i < patterns->count; i++)
		plain = plain && is_plain(patterns->text[i], path);
	return plain;
}

static void
free_patterns(NachetTexts *patterns)
{
	for (int i = 0; i < patterns->count; i++)
		free((char *) patterns->text[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + size;
	char *path = fuzz_text(&at, end);
	const char *include[PATTERNS];
	const char *exclude[PATTERNS];
	NachetChoice choice = {.include = {.text = include}, .exclude = {.text = exclude}};
	bool good = read_patterns(&choice.include, &at, end);

	good = read_patterns(&choice.exclude, &at, end) && good;
	if (good && nachet_name_flaw(path, strlen(path)) == NULL)
	{
		bool takes = nachet_choice_takes(&choice, path);
		bool passes = nachet_choice_leaves(&choice, path, DT_DIR, -1, NULL);

		/* What lies in an excluded folder is not taken. */
		CLAIM(!passes || choice.exclude.count > 0);
		if (all_plain(&choice.include, path) && all_plain(&choice.exclude, path))
		{
			CLAIM(takes ==
			      (!any_meets(&choice.exclude, path, false) &&
			       (choice.include.count == 0 || any_meets(&choice.include, path, false))));
			CLAIM(passes == any_meets(&choice.exclude, path, true));
		}
	}
	free_patterns(&choice.include);
	free_patterns(&choice.exclude);
	free(path);
	return 0;
}
