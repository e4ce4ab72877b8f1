/*
 * http/request/access_log.c
 *		The one line that each request leaves in the log.
 *
 * It tells what came from where and what became of it. Nothing of headers but the request's id,
 * nothing of query, cookies or body is in it, and so nothing of those in the reason (respond.c).
 * The user is there only if the service has authenticated one. Method and path, the client's
 * choice, are escaped, so that a line stays a line and can't be taken for another.
 */
#include <inttypes.h>
#include <string.h>
#include <netdb.h>
#include <sys/socket.h>
#include <microhttpd.h>

#include "loader/client/json.h"
#include "loader/client/text.h"
#include "http/ops/log.h"
#include "http/request/access_log.h"
#include "http/request/request.h"
#include "http/request/router.h"

/* The bytes of a reason that a line shows. */
#define REASON_BYTES 400

#define ADDRESS_BYTES 64

/* The client as the connection has it: a proxy in front is the client. */
static void
describe_client(const NachetRequest *request, char address[ADDRESS_BYTES])
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
	socklen_t size = 0;

	if (peer != NULL && peer->sa_family == AF_INET)
		size = sizeof(struct sockaddr_in);
	else if (peer != NULL && peer->sa_family == AF_INET6)
		size = sizeof(struct sockaddr_in6);
	if (size == 0 || getnameinfo(peer, size, address, ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST) != 0)
		strcpy(address, "unix");
}

static const char *
route_name(const NachetRequest *request)
{
	return nachet_router_name(nachet_router_index(request->route));
}

static size_t
reason_length(const NachetRequest *request)
{
	if (request->reason == NULL)
		return 0;
	return nachet_text_kept(request->reason, strlen(request->reason), REASON_BYTES);
}

static void
add_text(NachetText *line, const NachetRequest *request, const char *client, uint64_t microseconds,
         const char *ending)
{
	nachet_text_token(line, request->method, strlen(request->method));
	nachet_text_add(line, " ", 1);
	nachet_text_token(line, request->path, strlen(request->path));
	nachet_text_format(line, " %u %" PRIu64 " bytes %" PRIu64 " ms", request->status,
	                   request->body_received, microseconds / 1000);
	nachet_text_format(line,
	                   " sent=%" PRIu64 " route=%s client=%s id=%s user=", request->answer_length,
	                   route_name(request), client, request->id);
	if (request->auth_email != NULL)
		nachet_text_token(line, request->auth_email, strlen(request->auth_email));
	else
		nachet_text_add(line, "-", 1);
	if (ending != NULL)
		nachet_text_format(line, " (%s)", ending);
	if (request->reason != NULL)
	{
		nachet_text_add(line, ": ", 2);
		nachet_log_line_words(line, request->reason, reason_length(request));
	}
}

static void
add_json(NachetText *line, const NachetRequest *request, const char *client, uint64_t microseconds,
         const char *ending)
{
	nachet_json_text(line, "message", "request");
	nachet_json_text(line, "request_id", request->id);
	nachet_json_text(line, "client", client);
	nachet_json_text(line, "user", request->auth_email);
	nachet_json_text(line, "method", request->method);
	nachet_json_text(line, "path", request->path);
	nachet_json_text(line, "route", route_name(request));
	nachet_json_number(line, "status", request->status);
	nachet_json_number(line, "bytes_received", request->body_received);
	nachet_json_number(line, "bytes_sent", request->answer_length);
	nachet_text_format(line, ",\"milliseconds\":%" PRIu64 ".%03d", microseconds / 1000,
	                   (int) (microseconds % 1000));
	nachet_json_text(line, "ending", ending);
	nachet_text_format(line, ",\"reason\":%s", request->reason != NULL ? "" : "null");
	if (request->reason != NULL)
		nachet_log_line_words(line, request->reason, reason_length(request));
}

void
nachet_access_log_write(const NachetRequest *request, uint64_t microseconds, const char *ending)
{
	char client[ADDRESS_BYTES];
	NachetText line;

	describe_client(request, client);
	nachet_log_line_begin(&line, "info");
	if (nachet_log_format() == NACHET_LOG_JSON)
		add_json(&line, request, client, microseconds, ending);
	else
		add_text(&line, request, client, microseconds, ending);
	nachet_log_line_end(&line);
}
