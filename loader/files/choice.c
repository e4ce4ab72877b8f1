/*
 * loader/files/choice.c
 *		Which files are imported: --include and --exclude.
 *
 * One rule for both: a pattern meets a file by meeting the file itself or any folder that it lies
 * in. A pattern without a '/' is held against the base name, one with a '/' against the whole path
 * within the folder; a '/' at its end confines it to folders, one at its beginning only makes it
 * one of the second kind. Components match by fnmatch(3), so that no wildcard crosses a '/'; a
 * component "**" stands for any number of components.
 */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "pure/names.h"
#include "loader/files/choice.h"

/* Texts parted by NULs where a '/' stood. */
typedef struct Components
{
	const char *text;
	int count;
} Components;

static Components
rest(Components components)
{
	return (Components){components.text + strlen(components.text) + 1, components.count - 1};
}

/*
 * Where components don't match, the last "**" takes in one more: what those before it took in needs
 * no second thought, since whatever follows can follow later as well. So it costs a product of
 * lengths at most.
 */
static bool
match_components(Components pattern, Components path)
{
	Components after = {NULL, 0};   /* of the pattern, behind its last "**" */
	Components skipped = {NULL, 0}; /* of the path, behind what that "**" takes in */

	while (pattern.count > 0 || path.count > 0)
	{
		if (pattern.count > 0 && strcmp(pattern.text, "**") == 0)
		{
			after = pattern = rest(pattern);
			skipped = path;
		}
		else if (pattern.count > 0 && path.count > 0 && fnmatch(pattern.text, path.text, 0) == 0)
		{
			pattern = rest(pattern);
			path = rest(path);
		}
		else if (skipped.count > 0)
		{
			path = skipped = rest(skipped);
			pattern = after;
		}
		else
			return false;
	}
	return true;
}

static Components
split(char *text)
{
	Components components = {text, 1};

	for (; *text != '\0'; text++)
	{
		if (*text != '/')
			continue;
		*text = '\0';
		components.count++;
	}
	return components;
}

static bool
matches(const char *pattern, const char *path, size_t path_length, bool folder)
{
	char pattern_text[NACHET_NAME_MAX_BYTES + 1];
	char path_text[NACHET_NAME_MAX_BYTES + 1];
	size_t length = strlen(pattern);
	bool whole;

	if (pattern[length - 1] == '/')
	{
		if (!folder)
			return false;
		length--;
	}
	memcpy(pattern_text, pattern, length);
	pattern_text[length] = '\0';
	memcpy(path_text, path, path_length);
	path_text[path_length] = '\0';
	whole = strchr(pattern_text, '/') != NULL;
	if (!whole)
		return fnmatch(pattern_text, basename(path_text), 0) == 0;
	return match_components(split(pattern_text + (pattern_text[0] == '/')), split(path_text));
}

static bool
any_matches(const NachetTexts *patterns, const char *path, size_t path_length, bool folder)
{
	for (int i = 0; i < patterns->count; i++)
	{
		if (matches(patterns->text[i], path, path_length, folder))
			return true;
	}
	return false;
}

/* Whether any pattern meets the path, or a folder that it lies in. */
static bool
matches_path(const NachetTexts *patterns, const char *path, bool folder)
{
	if (patterns->count == 0)
		return false;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
	{
		if (any_matches(patterns, path, (size_t) (slash - path), true))
			return true;
	}
	return any_matches(patterns, path, strlen(path), folder);
}

const char *
nachet_pattern_flaw(const char *pattern)
{
	if (*pattern == '\0' || strcmp(pattern, "/") == 0)
		return "is empty";
	if (strlen(pattern) > NACHET_NAME_MAX_BYTES)
		return "is too long";
	if (strncmp(pattern, "./", 2) == 0 || strstr(pattern, "//") != NULL ||
	    strstr(pattern, "/./") != NULL || strncmp(pattern, "../", 3) == 0 ||
	    strstr(pattern, "/../") != NULL)
		return "matches no path: paths have no empty, '.' or '..' component";
	return NULL;
}

bool
nachet_choice_takes(const NachetChoice *choice, const char *path)
{
	if (strlen(path) > NACHET_NAME_MAX_BYTES)
		return true; /* to be named as too long */
	return !matches_path(&choice->exclude, path, false) &&
	       (choice->include.count == 0 || matches_path(&choice->include, path, false));
}

bool
nachet_choice_excludes(const NachetChoice *choice, const char *path)
{
	return strlen(path) <= NACHET_NAME_MAX_BYTES && matches_path(&choice->exclude, path, false);
}

static bool
excludes_folder(const NachetChoice *choice, const char *path)
{
	return strlen(path) <= NACHET_NAME_MAX_BYTES && matches_path(&choice->exclude, path, true);
}

bool
nachet_choice_leaves(const NachetChoice *choice, const char *path, unsigned char type, int folder,
                     const char *name)
{
	struct stat status;

	if (type == DT_UNKNOWN)
		return nachet_choice_excludes(choice, path);
	if (type == DT_DIR)
		return excludes_folder(choice, path);
	if (type != DT_LNK)
		return !nachet_choice_takes(choice, path);
	if (excludes_folder(choice, path))
		return true;
	return !nachet_choice_takes(choice, path) && fstatat(folder, name, &status, 0) == 0 &&
	       !S_ISDIR(status.st_mode);
}
