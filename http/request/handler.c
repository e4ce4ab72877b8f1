/*
 * http/request/handler.c
 *		One request, from its headers to its answer.
 *
 * libmicrohttpd calls us once with the headers, then with slices of the body, then once more. It
 * takes an answer in the first call, which ends the connection without reading the body, or in the
 * last. A refusal is therefore given at once if the client waits for leave to send its body
 * (Expect: 100-continue); otherwise the body is read and dropped first, because closing a
 * connection with bytes unread takes the answer away with it. Of --max-discard-size and more, only
 * so much is dropped: then the answer is sent before that (early_answer.c), and the connection
 * closed after it. Dropped bytes must come faster than wanted ones, or anyone could hold a
 * place for days.
 *
 * All of a request is done in its connection's own thread, which may wait. The watchdog is told
 * whenever we begin and end to wait for the client; if it has cut the client off, nothing may be
 * answered any more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loader/client/clock.h"
#include "http/auth/auth.h"
#include "http/ops/metrics.h"
#include "http/options.h"
#include "http/request/access_log.h"
#include "http/request/cors.h"
#include "http/request/early_answer.h"
#include "http/request/handler.h"
#include "http/request/head.h"
#include "http/request/origin.h"
#include "http/request/request.h"
#include "http/request/request_id.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/request/router.h"
#include "http/request/watchdog.h"
#include "http/shared.h"

/* How many times faster than --min-rate a refused body must come: only its answer needs it read. */
#define DISCARD_FACTOR 64

#define PASS_HOST_ON "a proxy must pass the header Host on as it is"

static void
take_headers(NachetRequest *request, const NachetHeaders *headers)
{
	const char *expect = headers->value[NACHET_HEADER_EXPECT];

	request->host = headers->value[NACHET_HEADER_HOST];
	request->content_type = headers->value[NACHET_HEADER_CONTENT_TYPE];
	request->expects_continue = expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

/* The path of a target. If it names a host too (RFC 9112, 3.2.2), that must be that of Host. */
static const char *
find_path(NachetRequest *request, const char *target)
{
	const char *host = request->host;
	const char *authority = nachet_origin_after_scheme(target);
	size_t length = authority != NULL ? strcspn(authority, "/") : 0;

	if (authority == NULL)
		return target;
	if (host != NULL && (strlen(host) != length || strncasecmp(host, authority, length) != 0))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The host in the request line differs from the header Host.");
	return authority[length] == '/' ? authority + length : "/";
}

/* The page that sends a request. The service's own page is public: every page may ask for it. */
static void
check_page(NachetRequest *request, const NachetHeaders *headers, const char *path)
{
	const char *origin = headers->value[NACHET_HEADER_ORIGIN];
	const char *site = headers->value[NACHET_HEADER_SEC_FETCH_SITE];
	bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

	if (reads && nachet_router_find(path) == &nachet_route_page)
		return;
	if (origin != NULL &&
	    !nachet_origin_allowed(&request->server->options->origins, origin, request->host))
		nachet_respond_problem(request, MHD_HTTP_FORBIDDEN,
		                       "Pages of the origin \"%s\" may not use this service. If they are "
		                       "its own, --server-name must name it, and " PASS_HOST_ON
		                       "; other origins need --allow-origin.",
		                       NACHET_QUOTED(origin));
	else if (origin == NULL && site != NULL &&
	         (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0))
		nachet_respond_problem(request, MHD_HTTP_FORBIDDEN,
		                       "Pages of other sites may not use this service.");
}

static void
check_sender(NachetRequest *request, const NachetHeaders *headers, const char *path)
{
	if (nachet_watchdog_is_surplus(request->watched))
	{
		nachet_metrics_add(NACHET_COUNT_REFUSED_CONNECTIONS, 1);
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "Too many connections; try again later.");
	}
	else if (request->host == NULL)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The header Host is missing.");
	else if (!nachet_origin_host_allowed(&request->server->options->origins, request->host))
		nachet_respond_problem(request, MHD_HTTP_MISDIRECTED_REQUEST,
		                       "The service does not answer for the host \"%s\": --server-name "
		                       "must name it, and " PASS_HOST_ON ".",
		                       NACHET_QUOTED(request->host));
	else
		check_page(request, headers, path);
	if (request->status == 0 && headers->value[NACHET_HEADER_EXPECT] != NULL &&
	    !request->expects_continue)
		nachet_respond_problem(request, MHD_HTTP_EXPECTATION_FAILED,
		                       "The only supported expectation is 100-continue.");
}

/* The body's coding, and its length if it is announced. */
static void
check_body(NachetRequest *request, const NachetHeaders *headers)
{
	const NachetRoute *route = request->route;
	const char *coding = headers->value[NACHET_HEADER_CONTENT_ENCODING];
	uint64_t limit = route->body_limit(request->server->options);

	if (coding != NULL && strcasecmp(coding, "identity") != 0)
		nachet_respond_unsupported(request, "Accept-Encoding", "identity",
		                           "A Content-Encoding of the body is not supported.");
	else if (request->body_length != NACHET_REQUEST_CHUNKED && request->body_length > limit)
		nachet_respond_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
		                       "The body has %" PRIu64 " bytes; the maximum of %s is %" PRIu64 ".",
		                       request->body_length, route->path, limit);
}

static void
check_route(NachetRequest *request, const NachetHeaders *headers, const char *path,
            const char *method)
{
	const NachetRoute *route = nachet_router_find(path);

	request->route = route;
	if (route == NULL)
		nachet_respond_problem(request, MHD_HTTP_NOT_FOUND, "There is nothing at \"%s\".",
		                       NACHET_QUOTED(path));
	else if (nachet_cors_is_preflight(request,
	                                  headers->value[NACHET_HEADER_ACCESS_CONTROL_REQUEST_METHOD]))
	{
		nachet_respond_empty(request, MHD_HTTP_NO_CONTENT);
		nachet_cors_add_preflight_headers(request);
	}
	if (request->status != 0)
		return;
	if (!nachet_router_allows(route, method))
		nachet_respond_problem(request, MHD_HTTP_METHOD_NOT_ALLOWED, "%s supports the methods %s.",
		                       route->path, route->allow);
	else if (route->choose != NULL)
		request->route = route->choose(request);
	else if (!route->any_query &&
	         MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) != 0)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "%s accepts no query parameters.",
		                       route->path);
	if (request->status == 0)
		check_body(request, headers);
}

void *
nachet_handler_announce(void *context, const char *uri, struct MHD_Connection *connection)
{
	NachetWatched *watched = nachet_watchdog_find(connection);
	NachetRequest *request = calloc(1, sizeof(*request));

	if (watched == NULL || request == NULL)
	{
		free(request);
		return NULL;
	}
	request->server = context;
	request->connection = connection;
	request->watched = watched;
	request->target_length = uri != NULL ? strlen(uri) : 0;
	request->plain_head =
	    uri != NULL && !nachet_head_library_is_strict() && nachet_head_is_plain(uri);
	nachet_watchdog_await_headers(watched);
	return request;
}

static void
begin_request(NachetRequest *request, const char *url, const char *method)
{
	request->begun = true;
	request->started = nachet_clock_us();
	snprintf(request->method, sizeof(request->method), "%s", method);
	snprintf(request->path, sizeof(request->path), "%s", url);
	nachet_request_id_choose(
	    request->id,
	    MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "X-Request-Id"));
	atomic_fetch_add(&request->server->requests, 1);
}

/* Hands the answer over; without one (memory ran out) the connection is closed. */
static enum MHD_Result
send_answer(NachetRequest *request)
{
	struct MHD_Response *response = request->response;
	enum MHD_Result queued;

	if (response == NULL)
		return MHD_NO;
	nachet_watchdog_await_answer(request->watched, request->answer_length);
	(void) MHD_add_response_header(response, "X-Request-Id", request->id);
	if (request->closes || atomic_load(&request->server->draining) ||
	    nachet_watchdog_is_surplus(request->watched))
		(void) MHD_add_response_header(response, "Connection", "close");
	queued = MHD_queue_response(request->connection, request->status, response);
	MHD_destroy_response(response);
	request->response = NULL;
	return queued;
}

/* Whether more of the body may come than is dropped; if chunked, whether half of that has come. */
static bool
is_too_much(const NachetRequest *request, uint64_t limit)
{
	if (request->body_length == NACHET_REQUEST_CHUNKED)
		return request->body_discarded > limit / 2;
	return request->body_length - request->body_received > limit - request->body_discarded;
}

/* Drops so many bytes of a refused request; false if the connection is to be closed. */
static bool
discard(NachetRequest *request, size_t length)
{
	uint64_t limit = request->server->options->max_discard_size;

	request->body_discarded += length;
	if (request->body_discarded > limit || is_too_much(request, limit))
		nachet_early_answer_send(request);
	if (request->body_discarded <= limit)
		return true;
	nachet_early_answer_linger(request);
	return false;
}

static enum MHD_Result
handle_head(NachetRequest *request, const char *url, const char *method, const char *version)
{
	NachetHeaders headers;
	const char *path;

	begin_request(request, url, method);
	if (!nachet_watchdog_pause(request->watched))
		return MHD_NO;
	nachet_head_read(&headers, request->connection);
	nachet_cors_begin(request,
	                  headers.repeated == NULL ? headers.value[NACHET_HEADER_ORIGIN] : NULL);
	nachet_head_check(request, url, method, version);
	nachet_head_check_framing(request, &headers, version);
	if (request->status != 0)
	{
		/* Nothing of the body can be told from what follows it. */
		request->closes = true;
		return send_answer(request);
	}
	/* Line ends among chunks, or of a head in pieces, are not seen: nothing may follow them. */
	request->closes = !nachet_head_library_is_strict() &&
	                  (request->body_length == NACHET_REQUEST_CHUNKED || !request->plain_head);
	take_headers(request, &headers);
	path = find_path(request, url);
	snprintf(request->path, sizeof(request->path), "%s", path);
	if (request->status == 0)
		check_sender(request, &headers, path);
	if (request->status == 0)
		check_route(request, &headers, path, method);
	if (request->status == 0)
		nachet_auth_check(request, &headers);
	if (request->status == 0 && request->route->begin != NULL)
		request->route->begin(request);
	if (request->status != 0 && request->body_length > 0 && request->expects_continue)
		return send_answer(request);
	if (request->status != 0)
		(void) discard(request, 0);
	nachet_watchdog_await_body(request->watched, request->id, 0);
	return MHD_YES;
}

static bool
handle_body(NachetRequest *request, const char *bytes, size_t length)
{
	request->body_received += length;
	nachet_metrics_add(NACHET_COUNT_RECEIVED_BYTES, length);
	if (request->status == 0 &&
	    request->body_received > request->route->body_limit(request->server->options))
		nachet_respond_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
		                       "The body is too long; the maximum of %s is %" PRIu64 " bytes.",
		                       request->route->path,
		                       request->route->body_limit(request->server->options));
	if (request->status == 0)
		request->route->receive(request, bytes, length);
	return request->status == 0 || discard(request, length);
}

enum MHD_Result
nachet_handler_handle(void *context, struct MHD_Connection *connection, const char *url,
                      const char *method, const char *version, const char *bytes, size_t *length,
                      void **state)
{
	NachetRequest *request = *state;

	(void) context;
	(void) connection;
	if (request == NULL)
		return MHD_NO; /* memory had run out */
	if (!request->begun)
		return handle_head(request, url, method, version);
	if (!nachet_watchdog_pause(request->watched))
		return MHD_NO;
	if (*length > 0)
	{
		bool continues = handle_body(request, bytes, *length);
		size_t factor = request->status == 0 ? 1 : DISCARD_FACTOR;

		nachet_watchdog_await_body(request->watched, request->id, *length / factor);
		*length = 0;
		return continues ? MHD_YES : MHD_NO;
	}
	if (request->answered)
		return MHD_NO;
	if (request->status == 0)
		request->route->answer(request);
	if (request->status == 0)
		nachet_respond_out_of_memory(request);
	return send_answer(request);
}

/* Leaves the request's traces: a line in the log, and what it adds to the metrics. */
static void
account_for(const NachetRequest *request, enum MHD_RequestTerminationCode code, bool too_slow)
{
	uint64_t microseconds = (uint64_t) (nachet_clock_us() - request->started);
	const char *ending = NULL;

	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		nachet_metrics_add(NACHET_COUNT_SENT_BYTES, request->answer_length);
	else if (too_slow)
		ending = "the client was too slow";
	else
		ending = "the connection was closed";
	nachet_metrics_request(nachet_router_index(request->route), request->method, request->status,
	                       microseconds);
	nachet_access_log_write(request, microseconds, ending);
}

void
nachet_handler_complete(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
	NachetServer *server = context;
	NachetRequest *request = *state;
	bool too_slow;

	(void) connection;
	if (request == NULL)
		return;
	*state = NULL;
	if (!request->begun)
	{
		free(request);
		return;
	}
	too_slow = nachet_watchdog_end_request(request->watched);
	if (too_slow && request->status == 0)
		request->status = MHD_HTTP_REQUEST_TIMEOUT;
	if (request->route != NULL && request->route->finish != NULL)
		request->route->finish(request);
	account_for(request, code, too_slow);
	if (request->response != NULL)
		MHD_destroy_response(request->response);
	free(request->auth_email);
	free(request->challenge);
	free(request->reason);
	free(request);
	atomic_fetch_sub(&server->requests, 1);
}
