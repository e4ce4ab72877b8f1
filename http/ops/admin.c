/*
 * http/ops/admin.c
 *		What operators and their tools ask: /live, /ready and /metrics, on a socket of their own.
 *
 * It is apart from the service, so that a flood of clients does not keep an operator out, and
 * answers until the very end of a stop. Nobody is authenticated here: what is told are counts,
 * names of routes and versions, and never anything of a request, a user or the way to the database.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/text.h"
#include "http/ops/admin.h"
#include "http/ops/listen.h"
#include "http/ops/metrics.h"
#include "http/ops/ready.h"
#include "http/options.h"
#include "http/request/head.h"
#include "http/request/origin.h"
#include "http/request/respond.h"
#include "http/request/watchdog.h"
#include "http/shared.h"

#define THREAD_BYTES ((size_t) 256 * 1024)

/*
 * A client that sends its request at once is answered, however many others do not: the one that was
 * waited for longest makes room. The places beyond are for those that are at work or about to go.
 */
#define CONNECTIONS 64
#define MAX_WAITING 32

#define HEADER_MS 10000
#define ANSWER_MS 10000
#define MIN_RATE  1024

#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_PROBLEM "application/problem+json"

struct NachetAdmin
{
	const NachetServer *server;
	NachetListener *listener;
	NachetReady *ready;
	NachetWatchdog *watchdog;
	struct MHD_Daemon *daemon;
};

typedef struct Answer
{
	unsigned status;
	const char *type;
	NachetText text;
} Answer;

static void
set_problem(Answer *answer, unsigned status, const char *detail)
{
	answer->status = status;
	answer->type = TYPE_PROBLEM;
	nachet_respond_write_problem(&answer->text, status, detail);
}

static void
answer_live(const NachetAdmin *admin, Answer *answer)
{
	(void) admin;
	nachet_text_format(&answer->text, "live\n");
}

static void
answer_ready(const NachetAdmin *admin, Answer *answer)
{
	if (atomic_load(&admin->server->draining))
		set_problem(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "The service is stopping.");
	else if (!nachet_ready_ask(admin->ready))
		set_problem(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
		            "The datastore does not respond or is too busy; see the service's log.");
	else
		nachet_text_format(&answer->text, "ready\n");
}

static void
answer_metrics(const NachetAdmin *admin, Answer *answer)
{
	answer->type = TYPE_METRICS;
	nachet_metrics_write(&answer->text, admin->server);
}

static const struct
{
	const char *path;
	void (*answer)(const NachetAdmin *admin, Answer *answer);
} routes[] = {{"/live", answer_live}, {"/ready", answer_ready}, {"/metrics", answer_metrics}};

static void
find_answer(const NachetAdmin *admin, struct MHD_Connection *connection, const char *url,
            const char *method, Answer *answer)
{
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");

	if (host != NULL &&
	    !nachet_origin_operators_host_allowed(&admin->server->options->origins, host))
	{
		set_problem(
		    answer, MHD_HTTP_MISDIRECTED_REQUEST,
		    "The host must be an address, a name without a dot, or a name of --server-name.");
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
	{
		if (strcmp(url, routes[i].path) != 0)
			continue;
		if (reads)
			routes[i].answer(admin, answer);
		else
			set_problem(answer, MHD_HTTP_METHOD_NOT_ALLOWED,
			            "The supported methods are GET and HEAD.");
		return;
	}
	set_problem(answer, MHD_HTTP_NOT_FOUND, "The endpoints are /live, /ready and /metrics.");
}

/* Takes the text over. NULL if memory ran out: the connection will be closed. */
static struct MHD_Response *
make_response(Answer *answer)
{
	struct MHD_Response *response = NULL;

	if (!answer->text.failed)
		response = MHD_create_response_from_buffer(answer->text.length, answer->text.bytes,
		                                           MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
	{
		nachet_text_free(&answer->text);
		return NULL;
	}
	(void) MHD_add_response_header(response, "Content-Type", answer->type);
	(void) MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void) MHD_add_response_header(response, "Cache-Control", "no-store");
	if (answer->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void) MHD_add_response_header(response, "Retry-After", NACHET_RETRY_AFTER_SECONDS);
	if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void) MHD_add_response_header(response, "Allow", "GET, HEAD");
	return response;
}

/* Called before the connection's first byte is read, and before its socket is closed. */
static void
notify_connection(void *context, struct MHD_Connection *connection, void **state,
                  enum MHD_ConnectionNotificationCode code)
{
	const NachetAdmin *admin = context;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*state = nachet_watchdog_add(admin->watchdog, info->connect_fd, false);
	else if (*state != NULL)
		nachet_watchdog_remove(*state);
}

static void
complete(void *context, struct MHD_Connection *connection, void **state,
         enum MHD_RequestTerminationCode code)
{
	NachetWatched *watched = nachet_watchdog_find(connection);

	(void) context;
	(void) state;
	(void) code;
	if (watched != NULL)
		(void) nachet_watchdog_end_request(watched);
}

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *bytes, size_t *length, void **state)
{
	NachetWatched *watched = nachet_watchdog_find(connection);
	Answer answer = {.status = MHD_HTTP_OK, .type = TYPE_TEXT};
	struct MHD_Response *response;
	enum MHD_Result queued;

	(void) version;
	(void) bytes;
	(void) length;
	(void) state;
	if (watched == NULL || !nachet_watchdog_pause(watched))
		return MHD_NO;
	find_answer(context, connection, url, method, &answer);
	nachet_watchdog_await_answer(watched, answer.text.length);
	response = make_response(&answer);
	if (response == NULL)
		return MHD_NO;
	queued = MHD_queue_response(connection, answer.status, response);
	MHD_destroy_response(response);
	return queued;
}

NachetAdmin *
nachet_admin_start(const NachetServer *server, NachetListener *listener)
{
	NachetAdmin *admin = calloc(1, sizeof(*admin));
	const NachetWatchdogLimits limits = {.header_ms = HEADER_MS,
	                                     .credit_ms = ANSWER_MS,
	                                     .min_rate = MIN_RATE,
	                                     .max_waiting = MAX_WAITING};
	struct MHD_OptionItem options[] = {nachet_head_discipline(), {MHD_OPTION_END, 0, NULL}};

	if (admin != NULL)
	{
		admin->server = server;
		admin->listener = listener;
		admin->ready = nachet_ready_start(server->pool);
		admin->watchdog = nachet_watchdog_start(&limits);
	}
	if (admin != NULL && admin->ready != NULL && admin->watchdog != NULL)
		admin->daemon = MHD_start_daemon(
		    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
		        MHD_USE_ITC,
		    0, NULL, NULL, handle, admin, MHD_OPTION_LISTEN_SOCKET, listener->socket,
		    MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS, MHD_OPTION_NOTIFY_CONNECTION,
		    notify_connection, admin, MHD_OPTION_NOTIFY_COMPLETED, complete, admin,
		    MHD_OPTION_THREAD_STACK_SIZE, THREAD_BYTES, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (admin != NULL && admin->daemon != NULL)
		return admin;
	fprintf(stderr, "nachet-http: can't start the operator's endpoints: %s\n", strerror(errno));
	nachet_admin_stop(admin);
	return NULL;
}

void
nachet_admin_stop(NachetAdmin *admin)
{
	if (admin == NULL)
		return;
	if (admin->daemon != NULL)
	{
		/* Or libmicrohttpd would close the socket itself, and leave its path. */
		(void) MHD_quiesce_daemon(admin->daemon);
		nachet_listen_close(admin->listener);
		MHD_stop_daemon(admin->daemon);
	}
	nachet_watchdog_stop(admin->watchdog);
	nachet_ready_stop(admin->ready);
	free(admin);
}
