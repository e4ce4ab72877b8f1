/*
 * http/ops/listen.c
 *		The service's two sockets, its own and its operators'.
 *
 * Each is of the network, of the file system, or handed over at the start, which overrides options.
 * Without authentication whoever reaches the service may do all that it can, so that its own socket
 * must be private; that is decided on the socket as it is bound, whoever bound it, before it is
 * listened on by us. Its operators' need not be: it shows nothing but counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "http/ops/listen.h"
#include "http/ops/systemd.h"
#include "http/options.h"

#define BACKLOG     511
#define UNIX_PREFIX "unix:"
#define OTHERS      (S_IRWXG | S_IRWXO)
#define LOCK_TRIES  500 /* within five seconds */

/* A socket to be opened. */
typedef struct Wanted
{
	const char *option;  /* what messages call it: --listen */
	const char *address; /* ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH; NULL for none */
	const char *scheme;  /* how its url begins: http or https */
	int handed_over;     /* a socket that listens already, in place of an address; or -1 */
	mode_t mode;         /* of a path that is made */
	bool private;        /* loopback, or a path that its owner alone may open */
} Wanted;

/* --- addresses of the network ----------------------------------------------------------------- */

/* The first address; the caller frees it. NULL, and a message, for none. */
static struct addrinfo *
resolve(const Wanted *wanted)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	                         .ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[256];
	const char *text = wanted->address;
	const char *colon = strrchr(text, ':');
	size_t length = colon != NULL ? (size_t) (colon - text) : 0;
	int status;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int) (length - 2), text + 1);
	else if (length > 0 && memchr(text, ':', length) == NULL)
		snprintf(host, sizeof(host), "%.*s", (int) length, text);
	else
		host[0] = '\0';
	if (length >= sizeof(host) || host[0] == '\0' || colon[1] == '\0' || strlen(colon + 1) > 5 ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0' || atoi(colon + 1) > 65535)
	{
		fprintf(stderr, "nachet-http: %s must be ADDRESS:PORT or unix:PATH, not '%s'\n",
		        wanted->option, text);
		return NULL;
	}
	status = getaddrinfo(host, colon + 1, &hints, &found);
	if (status != 0)
	{
		fprintf(stderr, "nachet-http: can't resolve the address '%s': %s\n", host,
		        gai_strerror(status));
		return NULL;
	}
	return found;
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) (const void *) address;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) (const void *) address;

		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && in6->sin6_addr.s6_addr[12] == 127);
	}
	return false;
}

/* --- paths ------------------------------------------------------------------------------------ */

/*
 * Takes turns with other services that make or remove a socket in the folder of that path: between
 * a look at a path and its removal another could have made it anew. Returns a descriptor to be
 * closed. Everyone who may read the folder can hold the lock, so the wait is bounded;
 * if it can't be had, there are no turns.
 */
static int
lock_folder(const char *path)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	char folder[sizeof(((struct sockaddr_un *) 0)->sun_path)];
	int file;

	snprintf(folder, sizeof(folder), "%.*s", (int) (strrchr(path, '/') - path) + 1, path);
	file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int tries = 0; file >= 0 && tries < LOCK_TRIES && flock(file, LOCK_EX | LOCK_NB) != 0;
	     tries++)
		(void) nanosleep(&pause, NULL);
	return file;
}

static void
unlock_folder(int file)
{
	if (file >= 0)
		close(file);
}

/* Whether there is a socket at the address that nobody listens on any more. */
static bool
is_stale(const struct sockaddr_un *address)
{
	struct stat found;
	int probe;
	bool refused;

	if (lstat(address->sun_path, &found) != 0 || !S_ISSOCK(found.st_mode))
		return false;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return false;
	refused = connect(probe, (const struct sockaddr *) address, sizeof(*address)) != 0 &&
	          errno == ECONNREFUSED;
	close(probe);
	return refused;
}

/* Removes the socket that a killed service left behind. */
static bool
bind_path(int file, const struct sockaddr_un *address)
{
	if (bind(file, (const struct sockaddr *) address, sizeof(*address)) == 0)
		return true;
	if (errno != EADDRINUSE)
		return false;
	if (is_stale(address) && unlink(address->sun_path) == 0)
		return bind(file, (const struct sockaddr *) address, sizeof(*address)) == 0;
	errno = EADDRINUSE;
	return false;
}

/* Nobody can connect before listen: the mode is there in time. */
static bool
listen_on_path(NachetListener *listener, const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat made;

	strcpy(address.sun_path, path);
	listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->socket < 0 || !bind_path(listener->socket, &address))
		return false;
	strcpy(listener->path, path);
	if (lstat(path, &made) != 0)
		return false;
	listener->device = made.st_dev;
	listener->inode = made.st_ino;
	return chmod(path, mode) == 0 && listen(listener->socket, BACKLOG) == 0;
}

/* A path that is bound and does not listen yet looks as if nobody did: both are one turn. */
static bool
make_path(NachetListener *listener, const char *path, mode_t mode)
{
	int folder = lock_folder(path);
	bool made = listen_on_path(listener, path, mode);
	int error = errno;

	unlock_folder(folder);
	errno = error;
	return made;
}

static void
remove_path(NachetListener *listener)
{
	int folder = lock_folder(listener->path);
	struct stat found;

	if (lstat(listener->path, &found) == 0 && found.st_dev == listener->device &&
	    found.st_ino == listener->inode)
		(void) unlink(listener->path);
	listener->path[0] = '\0';
	unlock_folder(folder);
}

/* --- a socket as it is bound ------------------------------------------------------------------ */

typedef union Address
{
	struct sockaddr any;
	struct sockaddr_un path;
	struct sockaddr_storage storage;
} Address;

/* False if it is no socket. A path is ended by a NUL; it is empty for a name that is no path. */
static bool
read_address(int file, Address *address)
{
	socklen_t size = sizeof(*address);

	memset(address, 0, sizeof(*address));
	return getsockname(file, &address->any, &size) == 0;
}

/* A path is judged by its mode, an abstract name is open to all. */
static bool
is_private(const Address *address)
{
	struct stat found;

	if (address->any.sa_family != AF_UNIX)
		return is_loopback(&address->any);
	return address->path.sun_path[0] == '/' && stat(address->path.sun_path, &found) == 0 &&
	       (found.st_mode & OTHERS) == 0;
}

static void
describe(NachetListener *listener, const Address *address, const char *scheme)
{
	char host[INET6_ADDRSTRLEN] = "";
	char port[8] = "";

	if (address->any.sa_family == AF_UNIX)
	{
		snprintf(listener->url, sizeof(listener->url), UNIX_PREFIX "%.*s",
		         (int) sizeof(address->path.sun_path), address->path.sun_path);
		return;
	}
	(void) getnameinfo(&address->any, sizeof(address->storage), host, sizeof(host), port,
	                   sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(listener->url, sizeof(listener->url),
	         address->any.sa_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s", scheme, host,
	         port);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static bool
is_path(const Wanted *wanted)
{
	return strncmp(wanted->address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

static NachetListenOutcome
fail(NachetListener *listener, const Wanted *wanted)
{
	if (errno == EADDRINUSE)
		fprintf(stderr,
		        "nachet-http: %s is in use by another program%s: choose another one with %s\n",
		        wanted->address, is_path(wanted) ? ", or is not a socket" : "", wanted->option);
	else
		fprintf(stderr, "nachet-http: can't listen on %s: %s\n", wanted->address, strerror(errno));
	nachet_listen_close(listener);
	return NACHET_LISTEN_FAILED;
}

static NachetListenOutcome
open_path(NachetListener *listener, const Wanted *wanted)
{
	const char *path = wanted->address + strlen(UNIX_PREFIX);

	if (path[0] != '/')
		fprintf(stderr, "nachet-http: %s must name an absolute path, not '%s'\n", wanted->option,
		        path);
	else if (strlen(path) >= sizeof(listener->path))
		fprintf(stderr,
		        "nachet-http: the path of %s has %zu bytes, but the maximum of the system is %zu: "
		        "'%s'\n",
		        wanted->option, strlen(path), sizeof(listener->path) - 1, path);
	else if (wanted->private && (wanted->mode & OTHERS) != 0)
		fprintf(stderr, "nachet-http: --socket-mode must be 0600 with --auth=none: everyone who "
		                "reaches the service may use it\n");
	else if (!make_path(listener, path, wanted->mode))
		return fail(listener, wanted);
	else
		return NACHET_LISTEN_OPEN;
	return NACHET_LISTEN_INVALID;
}

static NachetListenOutcome
open_address(NachetListener *listener, const Wanted *wanted)
{
	const int yes = 1;
	struct addrinfo *found = resolve(wanted);
	bool opened;

	if (found == NULL)
		return NACHET_LISTEN_INVALID;
	if (wanted->private && !is_loopback(found->ai_addr))
	{
		freeaddrinfo(found);
		fprintf(stderr,
		        "nachet-http: %s '%s' is not a loopback address: with --auth=none everyone who "
		        "reaches the service may use it; listen on 127.0.0.1, or see --auth\n",
		        wanted->option, wanted->address);
		return NACHET_LISTEN_INVALID;
	}
	listener->socket = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	opened = listener->socket >= 0 &&
	         setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	         bind(listener->socket, found->ai_addr, found->ai_addrlen) == 0 &&
	         listen(listener->socket, BACKLOG) == 0;
	freeaddrinfo(found);
	return opened ? NACHET_LISTEN_OPEN : fail(listener, wanted);
}

/* It stays listening, whatever becomes of it here: who made it may hand it to the next. */
static NachetListenOutcome
adopt(NachetListener *listener, const Wanted *wanted)
{
	int listens = 0;
	socklen_t size = sizeof(listens);
	Address address;

	listener->socket = wanted->handed_over;
	if (getsockopt(listener->socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
	    listens == 0 || !read_address(listener->socket, &address))
		fprintf(stderr, "nachet-http: the socket that systemd passed for %s does not listen\n",
		        wanted->option);
	else if (wanted->private && !is_private(&address))
		fprintf(stderr,
		        "nachet-http: the socket that systemd passed for %s is accessible to other users: "
		        "with --auth=none it must be a loopback address, or a path of mode 0600\n",
		        wanted->option);
	else
		return NACHET_LISTEN_OPEN;
	nachet_listen_close(listener);
	return NACHET_LISTEN_INVALID;
}

static NachetListenOutcome
open_listener(NachetListener *listener, const Wanted *wanted)
{
	NachetListenOutcome outcome;
	Address address;

	memset(listener, 0, sizeof(*listener));
	listener->socket = -1;
	if (wanted->handed_over >= 0)
		outcome = adopt(listener, wanted);
	else if (is_path(wanted))
		outcome = open_path(listener, wanted);
	else
		outcome = open_address(listener, wanted);
	if (outcome == NACHET_LISTEN_OPEN && read_address(listener->socket, &address))
		describe(listener, &address, wanted->scheme);
	return outcome;
}

void
nachet_listen_close(NachetListener *listener)
{
	if (listener->path[0] != '\0')
		remove_path(listener);
	if (listener->socket >= 0)
		close(listener->socket);
	listener->socket = -1;
}

/* --- the two sockets -------------------------------------------------------------------------- */

/* The bits of an octal mode such as 0660, without any for executing. */
static bool
read_mode(const char *text, mode_t *mode)
{
	size_t length = strlen(text);

	if (length < 3 || length > 4 || strspn(text, "01234567") != length)
		return false;
	*mode = (mode_t) strtoul(text, NULL, 8);
	return (*mode & ~(mode_t) 0666) == 0 && (*mode & S_IRUSR) != 0 && (*mode & S_IWUSR) != 0;
}

NachetListenOutcome
nachet_listen_open(NachetSockets *sockets, const NachetHttpOptions *options)
{
	Wanted service = {.option = "--listen",
	                  .address = options->listen,
	                  .scheme = options->tls_cert != NULL ? "https" : "http",
	                  .private = options->auth_kind == NACHET_AUTH_NONE};
	Wanted admin = {.option = "--admin-listen", .address = options->admin_listen, .scheme = "http"};
	NachetSystemdSockets handed_over;
	NachetListenOutcome outcome;

	sockets->service.socket = sockets->admin.socket = -1;
	if (!nachet_systemd_take_sockets(&handed_over))
		return NACHET_LISTEN_INVALID;
	if (!read_mode(options->socket_mode, &service.mode))
	{
		fprintf(stderr,
		        "nachet-http: --socket-mode must be a mode such as 0600 or 0660, not '%s'\n",
		        options->socket_mode);
		return NACHET_LISTEN_INVALID;
	}
	admin.mode = service.mode;
	service.handed_over = handed_over.service;
	admin.handed_over = handed_over.admin;
	outcome = open_listener(&sockets->service, &service);
	if (outcome != NACHET_LISTEN_OPEN || (admin.address == NULL && admin.handed_over < 0))
		return outcome;
	outcome = open_listener(&sockets->admin, &admin);
	if (outcome != NACHET_LISTEN_OPEN)
		nachet_listen_close_all(sockets);
	return outcome;
}

void
nachet_listen_close_all(NachetSockets *sockets)
{
	nachet_listen_close(&sockets->service);
	nachet_listen_close(&sockets->admin);
}
