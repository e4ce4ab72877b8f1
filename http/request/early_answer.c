/*
 * http/request/early_answer.c
 *		An answer that is sent while more of the request's body is on its way.
 *
 * libmicrohttpd takes none then, and a connection that is closed with bytes unread is reset, which
 * may take the answer away that the client has not read. So it is written here, and the body is
 * read on for a while. That is safe because we are called by the connection's own thread, which
 * writes nothing else meanwhile, and the watchdog knows.
 */
#include <stdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "loader/client/text.h"
#include "http/request/early_answer.h"
#include "http/request/request.h"
#include "http/request/watchdog.h"

/* How long a client that sends as fast as it can has to find its answer. */
#define LINGER_MS 3000

static enum MHD_Result
add_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void) kind;
	nachet_text_format(context, "%s: %s\r\n", name, value);
	return MHD_YES;
}

static void
make_answer(const NachetRequest *request, NachetText *answer)
{
	nachet_text_format(answer, "HTTP/1.1 %u %s\r\n", request->status,
	                   MHD_get_reason_phrase_for(request->status));
	(void) MHD_get_response_headers(request->response, add_header, answer);
	nachet_text_format(answer,
	                   "X-Request-Id: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
	                   request->id, (size_t) request->answer_length);
	if (strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0)
		nachet_text_add(answer, request->answer_bytes, (size_t) request->answer_length);
}

/* What is asked for first is copied: since 1.0, libmicrohttpd overwrites it by the next answer. */
static gnutls_session_t
tls_session(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL ? info->tls_session : NULL;
}

/* How many bytes went out without waiting; not above 0 if none did. */
static ssize_t
send_some(struct MHD_Connection *connection, const char *bytes, size_t length)
{
	gnutls_session_t session = tls_session(connection);
	const union MHD_ConnectionInfo *socket =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (session != NULL)
		return gnutls_record_send(session, bytes, length);
	return socket != NULL ? send(socket->connect_fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
	                      : -1;
}

void
nachet_early_answer_send(NachetRequest *request)
{
	NachetText answer = {0};
	size_t sent = 0;

	if (request->answered || request->response == NULL || request->answer_bytes == NULL)
		return;
	request->answered = true;
	nachet_watchdog_note_answer(request->watched);
	make_answer(request, &answer);
	while (sent < answer.length)
	{
		ssize_t step = send_some(request->connection, answer.bytes + sent, answer.length - sent);

		if (step <= 0)
			break; /* nothing was sent before, so that there was room: the client is gone */
		sent += (size_t) step;
	}
	nachet_text_free(&answer);
}

void
nachet_early_answer_linger(const NachetRequest *request)
{
	const union MHD_ConnectionInfo *socket =
	    MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd client = {.events = POLLRDHUP};

	if (!request->answered || socket == NULL)
		return;
	client.fd = socket->connect_fd;
	(void) poll(&client, 1, LINGER_MS);
}
