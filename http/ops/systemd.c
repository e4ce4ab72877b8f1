/*
 * http/ops/systemd.c
 *		What a service manager hands over at the start, and what it is told.
 *
 * Both protocols are a few lines (sd_listen_fds(3), sd_notify(3)), and other managers speak them
 * too, so that no library is needed. The variables are taken away: no child may think them its own.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/ops/systemd.h"

#define FIRST_FILE 3

/* How many were handed to this very process. */
static int
count_files(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *files = getenv("LISTEN_FDS");

	if (pid == NULL || files == NULL || strtol(pid, NULL, 10) != (long) getpid())
		return 0;
	return atoi(files);
}

/* Whether the name at a place, in names parted by colons, is this one. */
static bool
is_named(const char *names, int place, const char *name)
{
	while (names != NULL && place-- > 0)
	{
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	return names != NULL && strcspn(names, ":") == strlen(name) &&
	       strncmp(names, name, strlen(name)) == 0;
}

bool
nachet_systemd_take_sockets(NachetSystemdSockets *sockets)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int count = count_files();
	bool too_many = false;

	sockets->service = sockets->admin = -1;
	for (int i = 0; i < count; i++)
	{
		int *place = is_named(names, i, "admin") ? &sockets->admin : &sockets->service;
		int flags = fcntl(FIRST_FILE + i, F_GETFL);

		too_many |= *place >= 0;
		*place = FIRST_FILE + i;
		(void) fcntl(*place, F_SETFD, FD_CLOEXEC);
		if (flags >= 0)
			(void) fcntl(*place, F_SETFL, flags | O_NONBLOCK);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (too_many)
		fprintf(stderr, "nachet-http: systemd passed too many sockets: it may pass one for the "
		                "service and one named \"admin\"\n");
	return !too_many;
}

void
nachet_systemd_notify(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path != NULL ? strlen(path) : 0;
	int file;

	if (length == 0 || length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* an abstract name */
	file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (file < 0)
		return;
	(void) sendto(file, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *) &address,
	              (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length));
	close(file);
}
