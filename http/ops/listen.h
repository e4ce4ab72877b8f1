/*
 * http/ops/listen.h
 *		A socket that the service listens on: of the network, of the file system, or handed over at the start.
 */
#ifndef NACHET_HTTP_LISTEN_H
#define NACHET_HTTP_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

typedef struct NachetListenWish
{
	const char *option;  /* what messages call it: --listen */
	const char *address; /* ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH */
	const char *scheme;  /* how its url begins: http or https */
	int handed_over; /* a socket that listens already, in place of an address; -1 where there is none */
	mode_t mode;     /* of a path that is made */
	bool private; /* nobody else may reach it: loopback, or a path that its owner alone may open */
} NachetListenWish;

typedef struct NachetListener
{
	int socket;    /* does not block; -1 once closed */
	char url[192]; /* where to be reached, with the port that was taken */
	/* The path that was made and goes with it, by name and by inode; empty where there is none. */
	char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
	dev_t device;
	ino_t inode;
} NachetListener;

typedef enum NachetListenOutcome
{
	NACHET_LISTEN_OPEN,
	NACHET_LISTEN_WRONG, /* the address can't be one, or may not be this one */
	NACHET_LISTEN_FAILED /* it can't be had */
} NachetListenOutcome;

/* The bits of an octal mode such as 0660, without any for executing. */
extern bool nachet_listen_read_mode(const char *text, mode_t *mode)
    __attribute__((warn_unused_result));

/* Says on standard error why there is no socket. After OPEN, nachet_listen_close is due. */
extern NachetListenOutcome nachet_listen_open(NachetListener *listener,
                                              const NachetListenWish *wish)
    __attribute__((warn_unused_result));

/* Removes its path too, unless another has taken that over. Once closed, it does nothing. */
extern void nachet_listen_close(NachetListener *listener);

#endif
