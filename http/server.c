/*
 * http/server.c
 *		The service as a whole: what all requests share, its beginning and its end.
 *
 * Order: made are auth, certificate, spool, pool, senders, watchdog, daemon, admin; the daemon is
 * ended first, the others in the opposite order. Requests push to senders, senders take from the
 * pool: each outlives those that use it.
 *
 * One thread a connection: a request may wait for room in the queue and for its final statement,
 * and stalls nobody else. libmicrohttpd resets what comes above its own limit of connections, so
 * that ours is lower: what comes between the two is told 503.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <microhttpd.h>

#include "loader/client/error.h"
#include "http/auth/auth.h"
#include "http/body/spool.h"
#include "http/database/pool.h"
#include "http/database/query.h"
#include "http/database/queue.h"
#include "http/ops/admin.h"
#include "http/ops/listen.h"
#include "http/ops/log.h"
#include "http/ops/tls.h"
#include "http/options.h"
#include "http/request/handler.h"
#include "http/request/head.h"
#include "http/request/watchdog.h"
#include "http/routes/page.h"
#include "http/server.h"
#include "http/shared.h"

/*
 * Connections above our limit that libmicrohttpd lets in, for a 503; the watchdog ends them soon.
 */
#define SPARE_CONNECTIONS 256

/* A connection's memory: half of it is the buffer that the body comes through. */
#define CONNECTION_BYTES ((size_t) 128 * 1024)
#define THREAD_BYTES     ((size_t) 512 * 1024)

/*
 * A connection's socket, and files of the spool for the picture that it sends and for the names of
 * those that it sent.
 */
#define CONNECTION_FILES 3

/* Descriptors beside the connections and their spool files. */
#define SPARE_FILES 8512

/* Of these, what can't be done without: surplus connections, the database's, logs. */
#define MINIMUM_FILES 512

static void
open_connection(NachetServer *server, struct MHD_Connection *connection, void **state)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	bool surplus = atomic_fetch_add(&server->connections, 1) >= server->max_connections;

	if (surplus)
		atomic_fetch_sub(&server->connections, 1);
	*state = nachet_watchdog_add(server->watchdog, info->connect_fd, surplus);
	if (*state != NULL)
		return;
	if (!surplus)
		atomic_fetch_sub(&server->connections, 1);
	(void) shutdown(info->connect_fd, SHUT_RDWR);
}

/* Called before the connection's first byte is read, and before its socket is closed. */
static void
notify_connection(void *context, struct MHD_Connection *connection, void **state,
                  enum MHD_ConnectionNotificationCode code)
{
	NachetServer *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		open_connection(server, connection, state);
	else if (*state != NULL)
	{
		if (!nachet_watchdog_is_surplus(*state))
			atomic_fetch_sub(&server->connections, 1);
		nachet_watchdog_remove(*state);
		*state = NULL;
	}
}

/* Leaves paths as they were sent: see router.c. */
static size_t
leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void) context;
	(void) connection;
	return strlen(text);
}

/*
 * Each picture queued may have a file too. If the system grants fewer files, fewer connections are
 * taken: a file that can't be opened is told 503, but a connection that can't be accepted would
 * wait unheard.
 */
static void
limit_connections(NachetServer *server)
{
	const NachetHttpOptions *options = server->options;
	rlim_t wanted =
	    CONNECTION_FILES * (rlim_t) (options->max_connections + SPARE_CONNECTIONS) + SPARE_FILES;
	rlim_t connections;
	struct rlimit limit;

	server->max_connections = options->max_connections;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < wanted)
	{
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		(void) setrlimit(RLIMIT_NOFILE, &limit);
	}
	connections =
	    (limit.rlim_cur > MINIMUM_FILES ? limit.rlim_cur - MINIMUM_FILES : 0) / CONNECTION_FILES;
	if (connections >= options->max_connections)
		return;
	server->max_connections = connections > 0 ? connections : 1;
	nachet_log_warning("only %llu files may be open: accepting %zu connections instead of %llu",
	                   (unsigned long long) limit.rlim_cur, server->max_connections,
	                   (unsigned long long) options->max_connections);
}

static bool
start_daemon(NachetServer *server, int listener)
{
	struct MHD_OptionItem options[] = {
	    {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *) (uintptr_t) nachet_tls_retrieve},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) (uintptr_t) NACHET_TLS_PRIORITIES},
	    nachet_head_discipline(),
	    {MHD_OPTION_END, 0, NULL}};
	bool tls = server->options->tls_cert != NULL;

	if (tls && MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES)
	{
		fprintf(stderr, "nachet-http: --tls-cert: this system's libmicrohttpd has no TLS\n");
		return false;
	}
	server->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
	        MHD_USE_ITC | (tls ? MHD_USE_TLS : 0),
	    0, NULL, NULL, nachet_handler_handle, server, MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_NOTIFY_COMPLETED, nachet_handler_complete, server, MHD_OPTION_NOTIFY_CONNECTION,
	    notify_connection, server, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
	    MHD_OPTION_URI_LOG_CALLBACK, nachet_handler_announce, server, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned) (server->max_connections + SPARE_CONNECTIONS),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_THREAD_STACK_SIZE,
	    THREAD_BYTES, MHD_OPTION_ARRAY, tls ? options : options + 2, MHD_OPTION_END);
	if (server->daemon == NULL)
		fprintf(stderr, "nachet-http: can't start libmicrohttpd: %s\n", strerror(errno));
	return server->daemon != NULL;
}

/* The service starts without its database too, and finds it when it is there. */
static void
try_database(NachetServer *server)
{
	NachetError error = NACHET_ERROR_INIT;
	NachetPooled pooled;

	if (nachet_pool_take(server->pool, &pooled, &error))
		nachet_pool_give(server->pool, &pooled);
	else
		nachet_log_warning("the datastore can't be used yet: %s", error.message);
	nachet_error_clear(&error);
}

static NachetWatchdog *
start_watchdog(const NachetHttpOptions *options)
{
	const NachetWatchdogLimits limits = {.header_ms = (int64_t) options->header_timeout * 1000,
	                                     .credit_ms = (int64_t) options->idle_timeout * 1000,
	                                     .min_rate = options->min_rate,
	                                     .encrypted = options->tls_cert != NULL};

	return nachet_watchdog_start(&limits);
}

/* nachet_server_stop ends all that is made here, even if this fails. */
static bool
start_parts(NachetServer *server)
{
	const NachetHttpOptions *options = server->options;
	NachetError error = NACHET_ERROR_INIT;
	const NachetSpoolLimits spool_limits = {options->spool_memory, options->spool_size,
	                                        options->spool_reserve};

	server->auth = nachet_auth_create(options);
	if (server->auth == NULL || (options->tls_cert != NULL && !nachet_tls_start(options)))
		return false;
	server->spool = nachet_spool_create(options->spool_dir, &spool_limits, &error);
	server->statement_memory = nachet_query_memory_create(options);
	server->pool =
	    nachet_pool_create(options->dbname, (size_t) options->pool, (unsigned) options->pool_wait,
	                       (unsigned) options->statement_timeout);
	if (server->spool == NULL || server->pool == NULL || server->statement_memory == NULL ||
	    !nachet_page_make())
	{
		fprintf(stderr, "nachet-http: %s\n", error.set ? error.message : "out of memory");
		nachet_error_clear(&error);
		return false;
	}
	try_database(server);
	server->queue = nachet_queue_start(server->pool, (size_t) options->senders);
	server->watchdog = start_watchdog(options);
	if (server->queue == NULL || server->watchdog == NULL)
	{
		fprintf(stderr, "nachet-http: out of memory or threads\n");
		return false;
	}
	return true;
}

static bool
start_admin(NachetServer *server)
{
	NachetListener *listener = &server->sockets->admin;

	if (listener->socket < 0)
		return true;
	server->admin = nachet_admin_start(server, listener);
	if (server->admin != NULL)
		nachet_log("operators' endpoints on %s", listener->url);
	return server->admin != NULL;
}

bool
nachet_server_start(NachetServer *server, const NachetHttpOptions *options, NachetSockets *sockets)
{
	memset(server, 0, sizeof(*server));
	server->options = options;
	clock_gettime(CLOCK_REALTIME, &server->started);
	server->sockets = sockets;
	limit_connections(server);
	if (start_parts(server) && start_daemon(server, sockets->service.socket))
	{
		if (start_admin(server))
		{
			nachet_log("listening on %s", sockets->service.url);
			return true;
		}
		nachet_server_quiesce(server);
	}
	nachet_server_stop(server);
	return false;
}

void
nachet_server_reload(NachetServer *server)
{
	nachet_auth_reload(server->auth);
	if (server->options->tls_cert != NULL)
		nachet_tls_reload(server->options);
}

void
nachet_server_announce_stop(NachetServer *server)
{
	atomic_store(&server->draining, true);
}

void
nachet_server_quiesce(NachetServer *server)
{
	atomic_store(&server->draining, true);
	(void) MHD_quiesce_daemon(server->daemon);
	nachet_listen_close(&server->sockets->service);
}

void
nachet_server_stop(NachetServer *server)
{
	if (server->daemon != NULL)
		MHD_stop_daemon(server->daemon);
	nachet_pool_stop(server->pool);
	nachet_admin_stop(server->admin);
	nachet_watchdog_stop(server->watchdog);
	nachet_queue_stop(server->queue);
	nachet_pool_free(server->pool);
	nachet_query_memory_free(server->statement_memory);
	nachet_spool_free(server->spool);
	nachet_auth_free(server->auth);
	nachet_tls_stop();
}
