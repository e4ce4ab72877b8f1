/*
 * http/ops/sockets.h
 *		The service's two sockets, its own and its operators', as the options say or as they were handed over.
 */
#ifndef NACHET_HTTP_SOCKETS_H
#define NACHET_HTTP_SOCKETS_H

#include "http/ops/listen.h"

typedef struct NachetHttpOptions NachetHttpOptions;

typedef struct NachetSockets
{
	NachetListener service;
	NachetListener admin; /* its socket is -1 where there is none */
} NachetSockets;

/* As nachet_listen_open. */
extern NachetListenOutcome nachet_sockets_open(NachetSockets *sockets,
                                               const NachetHttpOptions *options)
    __attribute__((warn_unused_result));

extern void nachet_sockets_close(NachetSockets *sockets);

#endif
