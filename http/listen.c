/*
 * http/listen.c
 *		The socket that the service listens on.
 *
 * Without authentication whoever reaches the service may do all that it can: the address must be a loopback
 * one, and that is decided on the address that is bound, not on how it was written.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "listen.h"

#define BACKLOG 511

/* The first address of ADDRESS:PORT, or [ADDRESS]:PORT; the caller frees it. NULL, and a message, for none. */
static struct addrinfo *
resolve(const char *text)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	                         .ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[256];
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
		fprintf(stderr, "nachet-http: --listen must be ADDRESS:PORT, not '%s'\n", text);
		return NULL;
	}
	status = getaddrinfo(host, colon + 1, &hints, &found);
	if (status != 0)
	{
		fprintf(stderr, "nachet-http: there is no address '%s': %s\n", host, gai_strerror(status));
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

bool
nachet_listen_check(const char *listen, bool loopback_only)
{
	struct addrinfo *found = resolve(listen);
	bool allowed;

	if (found == NULL)
		return false;
	allowed = !loopback_only || is_loopback(found->ai_addr);
	freeaddrinfo(found);
	if (!allowed)
		fprintf(stderr,
		        "nachet-http: --listen '%s' is no loopback address: with --auth=none everyone who "
		        "reaches the service may use it; listen on 127.0.0.1, or see --auth\n",
		        listen);
	return allowed;
}

static void
describe(int listener, char *url, size_t url_size)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[INET6_ADDRSTRLEN] = "";
	char port[8] = "";

	if (getsockname(listener, (struct sockaddr *) &address, &size) == 0)
		(void) getnameinfo((struct sockaddr *) &address, size, host, sizeof(host), port,
		                   sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(url, url_size, address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host,
	         port);
}

int
nachet_listen_open(const char *listen_on, char *url, size_t url_size)
{
	struct addrinfo *found = resolve(listen_on);
	const int yes = 1;
	int listener;

	if (found == NULL)
		return -1;
	listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, BACKLOG) == 0)
		describe(listener, url, url_size);
	else
	{
		if (errno == EADDRINUSE)
			fprintf(stderr,
			        "nachet-http: %s is taken by another program: choose another port with "
			        "--listen\n",
			        listen_on);
		else
			fprintf(stderr, "nachet-http: can't listen on %s: %s\n", listen_on, strerror(errno));
		if (listener >= 0)
			close(listener);
		listener = -1;
	}
	freeaddrinfo(found);
	return listener;
}
