/*
 * loader/files/beneath.c
 *		Opens what lies beneath a folder, and through no symbolic link.
 *
 * A path was listed some time ago, and any folder in it may have become a link to elsewhere since.
 * O_NOFOLLOW speaks of the last component alone, so the kernel is asked to follow none. If it has no
 * openat2 (before 5.6), or a sandbox refuses that, the path is opened component by component.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "loader/files/beneath.h"

/* Opens one component; ELOOP for a link that stands where a folder should. */
static int
open_component(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 && errno == ENOTDIR)
		errno = fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)
		            ? ELOOP
		            : ENOTDIR;
	return fd;
}

static int
open_by_components(int folder, const char *path, int flags)
{
	char name[NAME_MAX + 1];
	int at = folder;

	for (;;)
	{
		size_t length = strcspn(path, "/");
		bool last = path[length] == '\0';
		int fd = -1;
		int failed;

		errno = ENAMETOOLONG;
		if (length < sizeof(name))
		{
			memcpy(name, path, length);
			name[length] = '\0';
			fd = open_component(at, name, last ? flags : O_PATH | O_DIRECTORY);
		}
		failed = errno;
		if (at != folder)
			close(at);
		errno = failed;
		if (fd < 0 || last)
			return fd;
		at = fd;
		path += length + 1;
	}
}

int
nachet_open_beneath(int folder, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned) (flags | O_NOFOLLOW | O_CLOEXEC),
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int fd = (int) syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_components(folder, path, flags);
	return fd;
}
