/*
 * test/lib/file_faults.c
 *		LD_PRELOAD: file systems and kernels that are not here. Each fault is set by a variable:
 *
 *	FAULT_NO_TYPES		readdir gives no types, as on XFS with ftype=0, NFS and many of FUSE
 *	FAULT_STAT=TEXT		looking at a name that holds TEXT fails
 *	FAULT_ERRNO=NUMBER	the error it fails with; EIO by default
 *	FAULT_POLL		waiting for standard input is interrupted at once, each time
 *	FAULT_NO_OPENAT2	the kernel knows no openat2, or a sandbox refuses it
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static bool
fails(const char *path)
{
	const char *text = getenv("FAULT_STAT");
	const char *number = getenv("FAULT_ERRNO");

	if (text == NULL || strstr(path, text) == NULL)
		return false;
	errno = number != NULL ? atoi(number) : EIO;
	return true;
}

struct dirent *
readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR *);
	struct dirent *entry;

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "readdir");
	entry = real(dir);
	if (entry != NULL && getenv("FAULT_NO_TYPES") != NULL)
		entry->d_type = DT_UNKNOWN;
	return entry;
}

int
fstatat(int fd, const char *path, struct stat *status, int flags)
{
	static int (*real)(int, const char *, struct stat *, int);

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "fstatat");
	return fails(path) ? -1 : real(fd, path, status, flags);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	static int (*real)(struct pollfd *, nfds_t, int);

	if (real == NULL)
		real = (int (*)(struct pollfd *, nfds_t, int)) dlsym(RTLD_NEXT, "poll");
	if (count == 1 && fds[0].fd == STDIN_FILENO && getenv("FAULT_POLL") != NULL)
	{
		real(fds, count, 10);
		errno = EINTR;
		return -1;
	}
	return real(fds, count, timeout);
}

long
syscall(long number, ...)
{
	static long (*real)(long, ...);
	long argument[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(args, long);
	va_end(args);
	if (real == NULL)
		real = (long (*)(long, ...)) dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_openat2 && getenv("FAULT_NO_OPENAT2") != NULL)
	{
		errno = ENOSYS;
		return -1;
	}
	if (number == SYS_openat2 && fails((const char *) argument[1]))
		return -1;
	return real(number, argument[0], argument[1], argument[2], argument[3], argument[4],
	            argument[5]);
}
