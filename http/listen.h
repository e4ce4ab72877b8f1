/*
 * http/listen.h
 *		The socket that the service listens on.
 */
#ifndef NACHET_HTTP_LISTEN_H
#define NACHET_HTTP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether ADDRESS:PORT can be listened on, a loopback address where only such a one may be; says what is wrong. */
extern bool nachet_listen_check(const char *listen, bool loopback_only);

/*
 * Binds and listens; -1, and a message, where that fails. url becomes the address to be reached at, with the
 * port that was taken.
 */
extern int nachet_listen_open(const char *listen, char *url, size_t url_size);

#endif
