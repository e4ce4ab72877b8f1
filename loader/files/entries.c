/*
 * loader/files/entries.c
 *		Names on the way into a set: a folder's, or those of --files-from.
 *
 * All names lie in one block of text, so that a folder of a million files costs two allocations.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "loader/files/entries.h"

void
nachet_entries_free(NachetEntries *entries)
{
	nachet_text_free(&entries->text);
	free(entries->start);
	memset(entries, 0, sizeof(*entries));
}

bool
nachet_entries_add(NachetEntries *entries, unsigned char type, const char *name)
{
	size_t start = entries->text.length;

	nachet_text_add(&entries->text, &type, 1);
	nachet_text_add(&entries->text, name, strlen(name) + 1);
	if (entries->text.failed || !nachet_text_grow(&entries->start, &entries->capacity,
	                                              entries->count + 1, sizeof(*entries->start)))
		return false;
	entries->start[entries->count++] = start;
	return true;
}

static int
compare_entries(const void *a, const void *b, void *text)
{
	return strcmp((const char *) text + *(const size_t *) a + 1,
	              (const char *) text + *(const size_t *) b + 1);
}

void
nachet_entries_sort(NachetEntries *entries)
{
	if (entries->count > 0)
		qsort_r(entries->start, entries->count, sizeof(*entries->start), compare_entries,
		        entries->text.bytes);
}

unsigned char
nachet_entries_type(const NachetEntries *entries, size_t index)
{
	return (unsigned char) entries->text.bytes[entries->start[index]];
}

const char *
nachet_entries_name(const NachetEntries *entries, size_t index)
{
	return entries->text.bytes + entries->start[index] + 1;
}

int
nachet_entries_read_folder(NachetEntries *entries, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	int failed;

	if (dir == NULL)
	{
		failed = errno;
		if (copy >= 0)
			close(copy);
		return failed;
	}
	while (errno = 0, (entry = readdir(dir)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!nachet_entries_add(entries, entry->d_type, entry->d_name))
		{
			errno = ENOMEM;
			break;
		}
	}
	failed = errno;
	closedir(dir);
	nachet_entries_sort(entries);
	return failed;
}

int
nachet_entry_type(int folder, const char *name, bool follow, unsigned char *type)
{
	struct stat status;

	if (*type != DT_UNKNOWN && (*type != DT_LNK || !follow))
		return 0;
	*type = DT_UNKNOWN;
	if (fstatat(folder, name, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	*type = (unsigned char) IFTODT(status.st_mode);
	return 0;
}
