/*
 * http/shared.h
 *		What all requests share.
 */
#ifndef NACHET_HTTP_SHARED_H
#define NACHET_HTTP_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

/* Made before the first request and gone after the last; only what is atomic or locked changes. */
typedef struct NachetServer
{
	const struct NachetHttpOptions *options;
	struct timespec started; /* by the calendar */
	struct NachetAuth *auth;
	struct NachetPool *pool;
	struct NachetSpool *spool;
	struct NachetQueue *queue;
	struct NachetQueryMemory *statement_memory; /* for what long statements carry */
	struct NachetWatchdog *watchdog;
	struct MHD_Daemon *daemon;
	struct NachetSockets *sockets;
	struct NachetAdmin *admin; /* NULL unless --admin-listen is given */
	size_t max_connections;    /* as many as there can be files for */
	atomic_size_t connections; /* clients, without those that are only told 503 */
	atomic_size_t requests;    /* under way */
	atomic_bool draining;      /* not ready any more; connections close with their next answer */
} NachetServer;

#endif
