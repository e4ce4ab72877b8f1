/*
 * loader/files/source.c
 *		One file's bytes, read so that a change while it is read is noticed.
 *
 * A path was listed some time ago, and any folder in it may have become a link to elsewhere since.
 * O_NOFOLLOW speaks of the last component alone, so the kernel is asked to follow none. If it has
 * no openat2 (before 5.6), or a sandbox refuses that, the path is opened component by component. A
 * file is opened O_NONBLOCK and through no symbolic link, because it may have become a pipe or a
 * link since it was listed; a file that the user gave by its own path may be a link, and with
 * --follow any. Size and modification time are taken when a file is checked and compared before and
 * after each later reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "loader/files/source.h"

/* Opens one component; ELOOP for a link in the place of a folder. */
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
nachet_source_open_beneath(int folder, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned) (flags | O_NOFOLLOW | O_CLOEXEC),
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int fd = (int) syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_components(folder, path, flags);
	return fd;
}

static const char changed[] = "changed while it was being imported";

static bool
set_flaw(NachetFileSource *source, const char *flaw)
{
	source->flaw = flaw;
	return false;
}

/* strerror's words for a failed call; strerrordesc_np's strings live on and are any thread's. */
static bool
set_errno_flaw(NachetFileSource *source)
{
	const char *words = strerrordesc_np(errno);

	return set_flaw(source, words != NULL ? words : "can't be read");
}

bool
nachet_source_open(NachetFileSource *source, const NachetFiles *files, size_t index)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char name[NACHET_NAME_MAX_BYTES + 1];
	struct stat status;

	memset(source, 0, sizeof(*source));
	if (files->paths != NULL)
		source->fd = open(files->paths[index], flags);
	else
	{
		nachet_files_name(files, index, name);
		source->fd = files->follow ? openat(files->folder_fd, name, flags)
		                           : nachet_source_open_beneath(files->folder_fd, name, flags);
	}
	if (source->fd < 0 && errno == ELOOP && files->paths == NULL && !files->follow)
		return set_flaw(source, "has become a symbolic link, or is reached through one");
	if (source->fd < 0)
		return set_errno_flaw(source);
	if (fstat(source->fd, &status) != 0)
	{
		set_errno_flaw(source);
		nachet_source_close(source);
		return false;
	}
	if (!S_ISREG(status.st_mode))
	{
		nachet_source_close(source);
		source->special = true;
		return set_flaw(source, "is not a regular file");
	}
	source->device = status.st_dev;
	source->inode = status.st_ino;
	source->size = (uint64_t) status.st_size;
	source->mtime_ns = (int64_t) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	return true;
}

bool
nachet_source_read(NachetFileSource *source, uint64_t offset, void *buffer, size_t length)
{
	char *next = buffer;

	while (length > 0)
	{
		ssize_t got = pread(source->fd, next, length, (off_t) offset);

		if (got == 0)
			return set_flaw(source, changed);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return set_errno_flaw(source);
		next += got;
		offset += (uint64_t) got;
		length -= (size_t) got;
	}
	return true;
}

bool
nachet_source_unchanged(NachetFileSource *source, const NachetFile *file)
{
	struct stat status;

	if (fstat(source->fd, &status) != 0)
		return set_errno_flaw(source);
	if ((uint64_t) status.st_size != file->size ||
	    (int64_t) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec != file->mtime_ns)
		return set_flaw(source, changed);
	return true;
}

void
nachet_source_close(NachetFileSource *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

bool
nachet_source_callback(void *context, uint64_t offset, void *buffer, size_t length)
{
	return nachet_source_read(context, offset, buffer, length);
}
