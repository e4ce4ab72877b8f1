/*
 * http/routes/json_body.c
 *		A body of JSON, which goes to the database as it came.
 *
 * A body may be long and its client slow: it is spooled until it is whole, and only then, while the
 * database is asked, does it lie in memory as one.
 */
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/error.h"
#include "pure/names.h"
#include "http/body/spool.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/json_body.h"
#include "http/shared.h"

typedef struct Body
{
	NachetSpooled *spooled; /* NULL once it was loaded */
	char *text;             /* NULL unless it is loaded */
} Body;

void
nachet_json_body_begin(NachetRequest *request)
{
	Body *body = calloc(1, sizeof(*body));

	request->state = body;
	if (body != NULL)
		body->spooled = nachet_spooled_create(request->server->spool);
	if (body == NULL || body->spooled == NULL)
		nachet_respond_out_of_memory(request);
}

void
nachet_json_body_receive(NachetRequest *request, const char *bytes, size_t length)
{
	Body *body = request->state;
	NachetError error = NACHET_ERROR_INIT;

	if (!nachet_spooled_write(body->spooled, bytes, length, &error))
		nachet_respond_spool_failure(request, &error);
}

/* Moves the body from the spool into memory. */
static bool
load(NachetRequest *request, Body *body)
{
	NachetError error = NACHET_ERROR_INIT;

	body->text = nachet_spooled_load(body->spooled, &error);
	if (body->text == NULL)
		nachet_respond_spool_failure(request, &error);
	nachet_spooled_free(body->spooled);
	body->spooled = NULL;
	return body->text != NULL;
}

const char *
nachet_json_body_load(NachetRequest *request)
{
	Body *body = request->state;
	size_t length = (size_t) body->spooled->size;

	if (length == 0)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The body is empty.");
	else if (nachet_query_memory_take(request, NACHET_MANIFEST_COPIES * (uint64_t) length) &&
	         load(request, body))
	{
		if (memchr(body->text, '\0', length) == NULL && nachet_utf8_valid(body->text, length))
			return body->text;
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The body is not valid UTF-8, or contains a NUL byte.");
	}
	return NULL;
}

void
nachet_json_body_release(NachetRequest *request)
{
	Body *body = request->state;

	free(body->text);
	body->text = NULL;
	nachet_query_memory_give(request);
}

void
nachet_json_body_finish(NachetRequest *request)
{
	Body *body = request->state;

	if (body == NULL)
		return;
	nachet_json_body_release(request);
	nachet_spooled_free(body->spooled);
	free(body);
}
