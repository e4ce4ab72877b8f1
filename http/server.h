/*
 * http/server.h
 *		The service as a whole: what all requests share, its beginning and its end.
 */
#ifndef NACHET_HTTP_SERVER_H
#define NACHET_HTTP_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "http/routes/budget.h"
#include "http/options.h"
#include "http/database/pool.h"
#include "http/database/queue.h"
#include "http/ops/sockets.h"
#include "http/body/spool.h"

struct MHD_Daemon;
typedef struct NachetAuth NachetAuth;
typedef struct NachetWatchdog NachetWatchdog;

/* Made before the first request and gone after the last; what is not atomic or locked does not change between. */
typedef struct NachetServer
{
	const NachetHttpOptions *options;
	NachetAuth *auth;
	NachetPool *pool;
	NachetSpool *spool;
	NachetSenders *senders;
	NachetBudget *statement_memory; /* for what long statements carry */
	NachetWatchdog *watchdog;
	struct MHD_Daemon *daemon;
	NachetSockets *sockets;
	struct NachetAdmin *admin; /* NULL where nobody asked for it */
	size_t max_connections;    /* as many as there can be files for */
	atomic_size_t connections; /* clients, without those that are only told 503 */
	atomic_size_t requests;    /* under way */
	atomic_bool draining;      /* not ready any more; connections close with their next answer */
} NachetServer;

/*
 * Says on standard error where it listens, or why it can't start. After true, nachet_server_stop is due. The sockets
 * stay the caller's.
 */
extern bool nachet_server_start(NachetServer *server, const NachetHttpOptions *options,
                                NachetSockets *sockets) __attribute__((warn_unused_result));

/* Reads the files again that SIGHUP is for: keys and certificates. */
extern void nachet_server_reload(NachetServer *server);

/* Is ready for nobody new, who is served all the same. */
extern void nachet_server_announce_stop(NachetServer *server);

/* Takes no connection any more. */
extern void nachet_server_quiesce(NachetServer *server);

/*
 * Ends all; only when no request is under way, or it would wait for them. Connections to the
 * database are cut, but it waits for those that are being made.
 */
extern void nachet_server_stop(NachetServer *server);

#endif
