/*
 * loader/walk.c
 *		The files below a folder, or those that were given, in a set's list.
 *
 * Folders are opened relative to their parent and never through a symbolic link, so that a walk stays
 * below its folder; each level holds one descriptor, and a name's bound of 1,024 bytes bounds the levels.
 * A folder's entries are sorted before they are taken, in one block of text that goes before the next
 * level, so that a run is repeatable and a million files cost n log n. Only regular files are listed:
 * nothing else is ever opened, because opening a pipe or a device may wait or act.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "walk.h"

#define PATH_ROOM (2 * NACHET_NAME_MAX_BYTES)

typedef struct Walk
{
	NachetSession *session;
	NachetFiles *files;
	NachetFindings *findings;
	char path[PATH_ROOM]; /* relative to the folder; the walk's one path, cut back on the way up */
} Walk;

/* A folder's entries: in text, for each, a byte of DT_ type and the name with its NUL. */
typedef struct Entries
{
	char *text;
	size_t length;
	size_t capacity;
	size_t *start;
	size_t count;
	size_t room;
} Entries;

static void
entries_free(Entries *entries)
{
	free(entries->text);
	free(entries->start);
	memset(entries, 0, sizeof(*entries));
}

static bool
entries_add(Entries *entries, unsigned char type, const char *name)
{
	size_t length = strlen(name) + 2;

	if (entries->length + length > entries->capacity)
	{
		size_t capacity = 2 * entries->capacity + 4096;
		char *text = realloc(entries->text, capacity);

		if (text == NULL)
			return false;
		entries->text = text;
		entries->capacity = capacity;
	}
	if (entries->count == entries->room)
	{
		size_t room = 2 * entries->room + 256;
		size_t *start = reallocarray(entries->start, room, sizeof(*start));

		if (start == NULL)
			return false;
		entries->start = start;
		entries->room = room;
	}
	entries->start[entries->count++] = entries->length;
	entries->text[entries->length] = (char) type;
	memcpy(entries->text + entries->length + 1, name, length - 1);
	entries->length += length;
	return true;
}

static int
compare_entries(const void *a, const void *b, void *text)
{
	return strcmp((const char *) text + *(const size_t *) a + 1,
	              (const char *) text + *(const size_t *) b + 1);
}

static void
report(Walk *walk, atomic_size_t *counter, const char *path, const char *reason)
{
	nachet_finding(walk->session, counter, walk->files->folder, path, NULL, reason);
}

/* Reads and sorts a folder's entries; closes the descriptor. 0 or an errno. */
static int
read_entries(int fd, Entries *entries)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int failed;

	if (dir == NULL)
	{
		failed = errno;
		close(fd);
		return failed;
	}
	while (errno = 0, (entry = readdir(dir)) != NULL)
	{
		unsigned char type = entry->d_type;
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (type == DT_UNKNOWN &&
		    fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			type = (unsigned char) IFTODT(status.st_mode);
		if (!entries_add(entries, type, entry->d_name))
		{
			errno = ENOMEM;
			break;
		}
	}
	failed = errno;
	closedir(dir);
	if (failed == 0 && entries->count > 0)
		qsort_r(entries->start, entries->count, sizeof(*entries->start), compare_entries,
		        entries->text);
	return failed;
}

static void
take_file(Walk *walk, unsigned char type)
{
	const char *base = strrchr(walk->path, '/');
	const char *flaw;

	base = base != NULL ? base + 1 : walk->path;
	if (nachet_name_is_clutter(base, strlen(base)))
		return;
	if (type == DT_LNK)
	{
		nachet_finding_left_out(walk->session, walk->files->folder, walk->path,
		                        "is a symbolic link");
		return;
	}
	flaw = nachet_name_flaw(walk->path, strlen(walk->path));
	if (type != DT_REG)
		report(walk, &walk->findings->refused, walk->path, "is no regular file");
	else if (flaw != NULL)
	{
		char reason[256];

		snprintf(reason, sizeof(reason), "its name %s", flaw);
		report(walk, &walk->findings->refused, walk->path, reason);
	}
	else
		nachet_files_add(walk->files, walk->path, NULL);
}

/* Takes all below one folder, whose descriptor is closed here; length is its path's in walk->path. */
static void
take_folder(Walk *walk, int fd, size_t length)
{
	Entries entries = {0};
	int listed = dup(fd);
	int failed = listed >= 0 ? read_entries(listed, &entries) : errno;

	if (failed != 0)
		report(walk, &walk->findings->unreadable, walk->path, strerror(failed));
	for (size_t i = 0; i < entries.count && !nachet_session_interrupted(walk->session); i++)
	{
		const char *name = entries.text + entries.start[i] + 1;
		unsigned char type = (unsigned char) entries.text[entries.start[i]];
		size_t room = sizeof(walk->path) - length;
		size_t used =
		    (size_t) snprintf(walk->path + length, room, "%s%s", length > 0 ? "/" : "", name);
		int below;

		if (type != DT_DIR)
			take_file(walk, type);
		else if (length + used > NACHET_NAME_MAX_BYTES)
			report(walk, &walk->findings->unreadable, walk->path,
			       "its name is too long for what lies below it");
		else if ((below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
			report(walk, &walk->findings->unreadable, walk->path, strerror(errno));
		else
			take_folder(walk, below, length + used);
		walk->path[length] = '\0';
	}
	entries_free(&entries);
	close(fd);
}

bool
nachet_walk_folder(NachetSession *session, const char *folder, NachetFiles *files,
                   NachetFindings *findings)
{
	Walk walk = {.session = session, .files = files, .findings = findings, .path = ""};
	int fd;

	files->folder = strdup(folder);
	files->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = files->folder_fd >= 0 ? fcntl(files->folder_fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (files->folder == NULL || fd < 0)
	{
		char *name = nachet_console_name("", folder);

		nachet_console_error(session->console, "%s: %s", name != NULL ? name : "?",
		                     strerror(errno));
		free(name);
		return false;
	}
	take_folder(&walk, fd, 0);
	if (files->failed)
		nachet_console_error(session->console,
		                     "%s: out of memory, or more names than one set can hold", folder);
	return !files->failed && !nachet_session_interrupted(session);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Names every base name that more than one of the given files has. */
static bool
check_distinct(Walk *walk, char **paths, size_t count)
{
	const char **names = calloc(count, sizeof(*names));
	bool distinct = names != NULL;

	for (size_t i = 0; i < count && names != NULL; i++)
		names[i] = basename(paths[i]);
	if (names != NULL)
		qsort(names, count, sizeof(*names), compare_texts);
	for (size_t i = 1; i < count && names != NULL; i++)
	{
		if (strcmp(names[i - 1], names[i]) == 0)
		{
			report(walk, &walk->findings->unreadable, names[i],
			       "several of the given files have this name: one set can't hold them");
			distinct = false;
		}
	}
	free(names);
	return distinct;
}

bool
nachet_walk_given(NachetSession *session, char **paths, size_t count, NachetFiles *files,
                  NachetFindings *findings)
{
	Walk walk = {.session = session, .files = files, .findings = findings, .path = ""};

	files->folder = strdup("");
	if (files->folder == NULL || !check_distinct(&walk, paths, count))
		return false;
	for (size_t i = 0; i < count; i++)
	{
		const char *base = basename(paths[i]);
		const char *flaw = nachet_name_flaw(base, strlen(base));
		struct stat status;

		if (nachet_name_is_clutter(base, strlen(base)))
			continue;
		if (stat(paths[i], &status) != 0)
			report(&walk, &findings->unreadable, paths[i], strerror(errno));
		else if (!S_ISREG(status.st_mode))
			report(&walk, &findings->refused, paths[i], "is no regular file");
		else if (flaw != NULL)
			report(&walk, &findings->refused, paths[i], flaw);
		else
			nachet_files_add(files, base, paths[i]);
	}
	if (files->failed)
		nachet_console_error(session->console, "out of memory");
	return !files->failed;
}
