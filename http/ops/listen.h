#ifndef NACHET_HTTP_LISTEN_H
#define NACHET_HTTP_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

typedef struct NachetHttpOptions NachetHttpOptions;

typedef struct NachetListener
{
	int socket;    /* does not block; -1 once closed */
	char url[192]; /* where to be reached, with the port that was taken */
	/* The path that was made and goes with it, by name and by inode; empty for none. */
	char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
	dev_t device;
	ino_t inode;
} NachetListener;

typedef struct NachetSockets
{
	NachetListener service;
	NachetListener admin; /* its socket is -1 if there is none */
} NachetSockets;

typedef enum NachetListenOutcome
{
	NACHET_LISTEN_OPEN,
	NACHET_LISTEN_INVALID, /* an address can't be one, or may not be this one */
	NACHET_LISTEN_FAILED   /* it can't be had */
} NachetListenOutcome;

/* Says on standard error why there is no socket. After OPEN, nachet_listen_close_all is due. */
extern NachetListenOutcome nachet_listen_open(NachetSockets *sockets,
                                              const NachetHttpOptions *options)
    __attribute__((warn_unused_result));

/* Removes its path too, unless another has taken that over. Once closed, it does nothing. */
extern void nachet_listen_close(NachetListener *listener);
extern void nachet_listen_close_all(NachetSockets *sockets);

#endif
