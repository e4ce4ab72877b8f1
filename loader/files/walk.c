/*
 * loader/files/walk.c
 *		The files below a folder, or those that were given, in a set's list.
 *
 * Folders are opened relative to their parent and, but for --follow, never through a symbolic link,
 * so that a walk stays below its folder; with it, a folder that the walk is in already is not
 * entered again. Each level holds one descriptor; a name's bound of 1,024 bytes bounds the levels.
 * A folder's entries are sorted before they are taken, in one block of text that goes before the
 * next level, so that a run is repeatable and a million files cost n log n. Only regular files are
 * listed: nothing else is ever opened, because opening a pipe or a device may wait or act. Each
 * entry ends in one of three ways: it is taken, the user's choice excludes it, or it is named with
 * a reason.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "loader/files/choice.h"
#include "loader/files/entries.h"
#include "loader/files/list.h"
#include "loader/files/source.h"
#include "loader/files/walk.h"

#define PATH_ROOM (2 * NACHET_NAME_MAX_BYTES)

typedef struct Walk
{
	NachetSession *session;
	NachetFiles *files;
	NachetFindings *findings;
	char path[PATH_ROOM]; /* relative to the folder; the walk's one path, cut back on the way up */
} Walk;

/* The folders that the walk is in, from the innermost. */
typedef struct Level
{
	dev_t device;
	ino_t inode;
	const struct Level *above;
} Level;

static const char is_link[] = "is a symbolic link (use --follow to follow it)";

static void
reject(Walk *walk, atomic_size_t *counter, const char *path, const char *reason)
{
	nachet_finding(walk->session, counter, walk->files->folder, path, NULL, reason);
}

static void
leave_out(Walk *walk, const char *reason)
{
	nachet_finding_left_out(walk->session, walk->findings, walk->files->folder, walk->path, reason);
}

/* Refuses a file for its name. */
static void
reject_name(Walk *walk, const char *path, const char *flaw)
{
	char reason[256];

	snprintf(reason, sizeof(reason), "its name %s", flaw);
	reject(walk, &walk->findings->refused, path, reason);
}

/* Takes the file at walk->path, of a known type other than a folder's or a link's. */
static void
take_file(Walk *walk, unsigned char type)
{
	const char *flaw = nachet_name_flaw(walk->path, strlen(walk->path));

	if (type != DT_REG)
		reject(walk, &walk->findings->refused, walk->path, "is not a regular file");
	else if (flaw != NULL)
		reject_name(walk, walk->path, flaw);
	else
		nachet_files_add(walk->files, walk->path, NULL);
}

static void take_folder(Walk *walk, int fd, size_t length, const Level *above);

/* Takes all below the folder at walk->path, which has the name in its parent. */
static void
enter_folder(Walk *walk, int parent, const char *name, size_t length, const Level *above)
{
	const int follow = walk->files->follow ? 0 : O_NOFOLLOW;
	int below;

	if (length > NACHET_NAME_MAX_BYTES)
		reject(walk, &walk->findings->unreadable, walk->path,
		       "its name is too long for the files below it");
	else if ((below = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow)) < 0)
		reject(walk, &walk->findings->unreadable, walk->path, strerror(errno));
	else
		take_folder(walk, below, length, above);
}

/* Takes the entry at walk->path, which has the name and a type, perhaps unknown, in its parent. */
static void
take_entry(Walk *walk, int parent, const char *name, unsigned char type, size_t length,
           const Level *above)
{
	int failed = nachet_entry_type(parent, name, walk->files->follow, &type);

	if (nachet_choice_leaves(&walk->session->options->choice, walk->path, type, parent, name) ||
	    nachet_finding_machine_made(walk->session, walk->findings, walk->files->folder, walk->path,
	                                name, type))
		return;
	if (failed != 0)
		reject(walk, &walk->findings->unreadable, walk->path, strerror(failed));
	else if (type == DT_DIR)
		enter_folder(walk, parent, name, length, above);
	else if (type == DT_LNK)
		leave_out(walk, is_link);
	else
		take_file(walk, type);
}

/* Whether the walk is in this folder already; then, or if that can't be found out, it is named. */
static bool
is_loop(Walk *walk, int fd, Level *level)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
	{
		reject(walk, &walk->findings->unreadable, walk->path, strerror(errno));
		return true;
	}
	level->device = status.st_dev;
	level->inode = status.st_ino;
	for (const Level *above = level->above; above != NULL; above = above->above)
	{
		if (above->device != status.st_dev || above->inode != status.st_ino)
			continue;
		leave_out(walk, "leads back to a folder that contains it");
		return true;
	}
	return false;
}

/* Takes all below a folder; closes its descriptor. length is its path's in walk->path. */
static void
take_folder(Walk *walk, int fd, size_t length, const Level *above)
{
	Level level = {.above = above};
	NachetEntries entries = {0};
	int failed;

	if (is_loop(walk, fd, &level))
	{
		close(fd);
		return;
	}
	failed = nachet_entries_read_folder(&entries, fd);
	if (failed != 0)
		reject(walk, &walk->findings->unreadable, walk->path, strerror(failed));
	for (size_t i = 0; i < entries.count && !nachet_session_interrupted(walk->session); i++)
	{
		const char *name = nachet_entries_name(&entries, i);
		size_t room = sizeof(walk->path) - length;
		size_t used =
		    (size_t) snprintf(walk->path + length, room, "%s%s", length > 0 ? "/" : "", name);

		take_entry(walk, fd, name, nachet_entries_type(&entries, i), length + used, &level);
		walk->path[length] = '\0';
	}
	nachet_entries_free(&entries);
	close(fd);
}

/* Opens the set's folder; logs. */
static bool
open_folder(Walk *walk, const char *folder)
{
	NachetFiles *files = walk->files;
	/* The user's own arguments may be links; the folders in them, listed for their names, not. */
	int link = files->seed != NULL && !walk->session->options->follow ? O_NOFOLLOW : 0;
	char *name;

	files->follow = walk->session->options->follow;
	files->folder = strdup(folder);
	files->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | link);
	if (files->folder != NULL && files->folder_fd >= 0)
		return true;
	name = nachet_console_name("", folder);
	nachet_console_error(walk->session->console, "%s: %s", name != NULL ? name : "?",
	                     strerror(errno));
	free(name);
	return false;
}

/* How a walk ended. */
static bool
end_walk(Walk *walk)
{
	if (walk->files->failed)
		nachet_console_error(walk->session->console,
		                     "%s%sout of memory, or more names than one set can contain",
		                     walk->files->folder, *walk->files->folder != '\0' ? ": " : "");
	return !walk->files->failed && !nachet_session_interrupted(walk->session);
}

bool
nachet_walk_folder(NachetSession *session, const char *folder, NachetFiles *files,
                   NachetFindings *findings)
{
	Walk walk = {.session = session, .files = files, .findings = findings, .path = ""};
	int fd;

	if (!open_folder(&walk, folder))
		return false;
	fd = fcntl(files->folder_fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		take_folder(&walk, fd, 0, NULL);
	else
		reject(&walk, &findings->unreadable, "", strerror(errno));
	return end_walk(&walk);
}

/* Finds out what a listed path is. 0 or an errno: ELOOP if it lies behind a link not followed. */
static int
listed_type(Walk *walk, const char *path, unsigned char *type)
{
	struct stat status;
	int fd = -1;
	int failed;

	if (walk->files->follow)
		failed = fstatat(walk->files->folder_fd, path, &status, 0) == 0 ? 0 : errno;
	else
	{
		fd = nachet_source_open_beneath(walk->files->folder_fd, path, O_PATH);
		failed = fd >= 0 && fstat(fd, &status) == 0 ? 0 : errno;
	}
	if (fd >= 0)
		close(fd);
	if (failed == 0)
		*type = (unsigned char) IFTODT(status.st_mode);
	return failed;
}

/* Takes a listed path, which leads to no other folder. */
static void
take_listed_entry(Walk *walk)
{
	const NachetChoice *choice = &walk->session->options->choice;
	unsigned char type = DT_UNKNOWN;
	int failed = listed_type(walk, walk->path, &type);

	if (failed == ELOOP && !walk->files->follow)
		leave_out(walk, "is reached through a symbolic link (use --follow to follow it)");
	else if (failed != 0)
	{
		if (nachet_choice_takes(choice, walk->path))
			reject(walk, &walk->findings->unreadable, walk->path,
			       failed == ENOENT ? "does not exist: paths in a list are relative to the folder"
			                        : strerror(failed));
	}
	else if (nachet_choice_leaves(choice, walk->path, type, walk->files->folder_fd, walk->path) ||
	         nachet_finding_given_machine_made(walk->session, walk->findings, walk->files->folder,
	                                           walk->path, walk->path, type))
		return;
	else if (type == DT_DIR)
		leave_out(walk, "is a folder: list the files in it");
	else if (type == DT_LNK)
		leave_out(walk, is_link);
	else
		take_file(walk, type);
}

static void
take_listed(Walk *walk, const char *path)
{
	/* What is excluded need not even be there. */
	if (nachet_choice_excludes(&walk->session->options->choice, path))
		return;
	if (strlen(path) > NACHET_NAME_MAX_BYTES)
		reject(walk, &walk->findings->refused, path, "its name is longer than 1,024 bytes");
	else if (strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 ||
	         strstr(path, "/../") != NULL)
		reject(walk, &walk->findings->unreadable, path, "must not contain '..'");
	else
	{
		strcpy(walk->path, path);
		take_listed_entry(walk);
	}
}

bool
nachet_walk_listed(NachetSession *session, const char *folder, NachetFiles *files,
                   NachetFindings *findings)
{
	Walk walk = {.session = session, .files = files, .findings = findings, .path = ""};
	NachetEntries entries = {0};
	bool read = open_folder(&walk, folder) && nachet_list_read(session, &entries);

	nachet_entries_sort(&entries);
	for (size_t i = 0; read && i < entries.count && !nachet_session_interrupted(session); i++)
	{
		const char *path = nachet_entries_name(&entries, i);

		if (i == 0 || strcmp(path, nachet_entries_name(&entries, i - 1)) != 0)
			take_listed(&walk, path);
	}
	nachet_entries_free(&entries);
	return read && end_walk(&walk);
}

static int
compare_base_names(const void *a, const void *b)
{
	const char *path = *(char *const *) a;
	const char *other = *(char *const *) b;
	int order = strcmp(basename(path), basename(other));

	return order != 0 ? order : strcmp(path, other);
}

/* Whether the file has the base name of one beside it, in the order of these. */
static bool
shares_name(char **paths, size_t count, size_t index)
{
	const char *name = basename(paths[index]);

	return (index > 0 && strcmp(basename(paths[index - 1]), name) == 0) ||
	       (index + 1 < count && strcmp(basename(paths[index + 1]), name) == 0);
}

/* Takes one of the given files. */
static void
take_given(Walk *walk, const char *path)
{
	const char *base = basename(path);
	const char *flaw = nachet_name_flaw(base, strlen(base));
	struct stat status;

	if (stat(path, &status) != 0)
		reject(walk, &walk->findings->unreadable, path, strerror(errno));
	else if (!S_ISREG(status.st_mode))
		reject(walk, &walk->findings->refused, path, "is not a regular file");
	else if (flaw != NULL)
		reject_name(walk, path, flaw);
	else
		nachet_files_add(walk->files, base, path);
}

bool
nachet_walk_given(NachetSession *session, char **paths, size_t count, NachetFiles *files,
                  NachetFindings *findings)
{
	Walk walk = {.session = session, .files = files, .findings = findings, .path = ""};
	char **chosen = calloc(count, sizeof(*chosen));
	size_t chosen_count = 0;
	bool listed = false;

	files->folder = strdup("");
	if (files->folder == NULL || chosen == NULL)
	{
		nachet_console_error(session->console, "out of memory");
		goto done;
	}
	for (size_t i = 0; i < count; i++)
	{
		const char *base = basename(paths[i]);

		if (nachet_choice_takes(&session->options->choice, base) &&
		    !nachet_finding_given_machine_made(session, findings, "", paths[i], base, DT_REG))
			chosen[chosen_count++] = paths[i];
	}
	if (chosen_count > 0)
		qsort(chosen, chosen_count, sizeof(*chosen), compare_base_names);
	for (size_t i = 0; i < chosen_count; i++)
	{
		if (!shares_name(chosen, chosen_count, i))
			take_given(&walk, chosen[i]);
		else if (i == 0 || strcmp(chosen[i - 1], chosen[i]) != 0)
			reject(&walk, &findings->unreadable, chosen[i],
			       "several of the given files have this name, which must be unique in a set");
	}
	listed = end_walk(&walk);

done:
	free(chosen);
	return listed;
}
