/*
 * http/request/request.h
 *		One request, from its headers to its answer.
 */
#ifndef NACHET_HTTP_REQUEST_H
#define NACHET_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request/request_id.h"

#define NACHET_REQUEST_CHUNKED UINT64_MAX

struct MHD_Connection;
struct MHD_Response;
typedef struct NachetRoute NachetRoute;
typedef struct NachetServer NachetServer;
typedef struct NachetWatched NachetWatched;

/*
 * Owned by its connection's thread. It exists from its first line on, and begins with its headers.
 */
typedef struct NachetRequest
{
	bool begun;
	bool closes; /* the connection ends with the answer */
	NachetServer *server;
	struct MHD_Connection *connection;
	NachetWatched *watched;
	const NachetRoute *route; /* NULL if there is none */
	void *state;              /* the route's own, which its finish frees */
	char method[16];          /* as sent; cut, like the path, to what a log line shows */
	char path[128];
	char id[NACHET_REQUEST_ID_MAX + 1];
	const char *host;         /* the header's value */
	const char *content_type; /* likewise; NULL if there is none */
	const char *cors_origin;  /* the Origin, if it is a listed one */
	char *auth_email;         /* who was authenticated; NULL without authentication */
	bool expects_continue;
	bool plain_head;      /* its header lines were seen as they came */
	size_t target_length; /* of its first line's, as it was sent */
	uint64_t body_length; /* as announced, or NACHET_REQUEST_CHUNKED */
	uint64_t body_received;
	uint64_t body_discarded;
	uint64_t statement_memory; /* taken of the server's budget */
	int64_t started;           /* microseconds of the monotonic clock */

	/* The answer; the first one stands. */
	unsigned status; /* 0 until there is one */
	struct MHD_Response *response;
	const char *answer_bytes; /* its body, as long as the response; NULL if it is a long one */
	uint64_t answer_length;
	bool answered;   /* early: it was sent, and what comes of the body is dropped */
	char *challenge; /* its WWW-Authenticate; NULL for none */
	char *reason;    /* for the log; NULL if there is none */
} NachetRequest;

#endif
