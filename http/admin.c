/*
 * http/admin.c
 *		What operators and their tools ask: /live, /ready and /metrics, on a socket of their own.
 *
 * It is apart from the service, so that a flood of clients does not keep an operator out, and answers until
 * the very end of a stop. Nobody is authenticated here: what is told are counts, names of routes and
 * versions, and never anything of a request, a user or the way to the database.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "admin.h"
#include "gauges.h"
#include "library.h"
#include "metrics.h"
#include "ready.h"
#include "respond.h"

#define CONNECTIONS  32
#define IDLE_SECONDS 15
#define THREAD_BYTES ((size_t) 256 * 1024)

#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_PROBLEM "application/problem+json"

struct NachetAdmin
{
	const NachetServer *server;
	NachetListener *listener;
	NachetReady *ready;
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
	nachet_text_format(&answer->text,
	                   "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}"
	                   "\n",
	                   MHD_get_reason_phrase_for(status), status, detail);
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
		            "The datastore does not answer, or is too busy; the service's log tells why.");
	else
		nachet_text_format(&answer->text, "ready\n");
}

static void
answer_metrics(const NachetAdmin *admin, Answer *answer)
{
	answer->type = TYPE_METRICS;
	nachet_metrics_write(&answer->text);
	nachet_gauges_write(&answer->text, admin->server);
}

static const struct
{
	const char *path;
	void (*answer)(const NachetAdmin *admin, Answer *answer);
} routes[] = {{"/live", answer_live}, {"/ready", answer_ready}, {"/metrics", answer_metrics}};

static void
find_answer(const NachetAdmin *admin, const char *url, const char *method, Answer *answer)
{
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
	{
		if (strcmp(url, routes[i].path) != 0)
			continue;
		if (reads)
			routes[i].answer(admin, answer);
		else
			set_problem(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "This takes GET and HEAD.");
		return;
	}
	set_problem(answer, MHD_HTTP_NOT_FOUND, "Here are /live, /ready and /metrics.");
}

/* Takes the text over. NULL where memory ran out: the connection will be closed. */
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

static enum MHD_Result
handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *bytes, size_t *length, void **state)
{
	Answer answer = {.status = MHD_HTTP_OK, .type = TYPE_TEXT};
	struct MHD_Response *response;
	enum MHD_Result queued;

	(void) version;
	(void) bytes;
	(void) length;
	(void) state;
	find_answer(context, url, method, &answer);
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
	struct MHD_OptionItem options[] = {nachet_library_discipline(), {MHD_OPTION_END, 0, NULL}};

	if (admin != NULL)
	{
		admin->server = server;
		admin->listener = listener;
		admin->ready = nachet_ready_start(server->pool);
	}
	if (admin != NULL && admin->ready != NULL)
		admin->daemon = MHD_start_daemon(
		    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
		        MHD_USE_ITC,
		    0, NULL, NULL, handle, admin, MHD_OPTION_LISTEN_SOCKET, listener->socket,
		    MHD_OPTION_CONNECTION_LIMIT, (unsigned) CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		    (unsigned) IDLE_SECONDS, MHD_OPTION_THREAD_STACK_SIZE, THREAD_BYTES, MHD_OPTION_ARRAY,
		    options, MHD_OPTION_END);
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
	nachet_ready_stop(admin->ready);
	free(admin);
}
