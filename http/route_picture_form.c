/*
 * http/route_picture_form.c
 *		POST /picture-form: what the form of an upload session needs.
 *
 * The body goes to the database as it came, and the answer comes back as the database made it; the service's
 * own limits are merged in on the way, in SQL.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/names.h"
#include "mime.h"
#include "query.h"
#include "respond.h"
#include "router.h"
#include "text.h"

#define BODY_BYTES (64 * 1024)

static const char statement[] =
    "WITH form AS MATERIALIZED (SELECT nachet.picture_form($1::jsonb, $2::text) AS answer)"
    " SELECT (answer || jsonb_build_object('limits', coalesce(answer -> 'limits', '{}')"
    " || jsonb_build_object('picture_bytes', $3::bigint, 'request_bytes', $4::bigint,"
    " 'request_pictures', $5::bigint)))::text FROM form";

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	(void) options;
	return BODY_BYTES;
}

/* application/json, with no parameter but charset=utf-8. */
static bool
is_json(const char *content_type)
{
	NachetMimeCursor cursor;
	NachetMimeText type;
	NachetMimeText subtype;
	NachetMimeText name;
	NachetMimeText value;
	NachetMimeStep step;

	if (content_type == NULL)
		return false;
	cursor.at = content_type;
	cursor.end = content_type + strlen(content_type);
	if (!nachet_mime_read_type(&cursor, &type, &subtype) || !nachet_mime_is(type, "application") ||
	    !nachet_mime_is(subtype, "json"))
		return false;
	while ((step = nachet_mime_read_parameter(&cursor, &name, &value)) == NACHET_MIME_PARAMETER)
	{
		if (!nachet_mime_is(name, "charset") || !nachet_mime_is(value, "utf-8"))
			return false;
	}
	return step == NACHET_MIME_END;
}

static void
begin(NachetRequest *request)
{
	if (!is_json(request->content_type))
		nachet_respond_problem(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		                       "The body must be application/json.");
	else
	{
		request->state = calloc(1, sizeof(NachetText));
		if (request->state == NULL)
			nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
	}
}

static void
receive(NachetRequest *request, const char *bytes, size_t length)
{
	nachet_text_add(request->state, bytes, length);
}

static void
ask(NachetRequest *request, const char *body)
{
	const NachetHttpOptions *options = request->server->options;
	char picture_bytes[24];
	char request_bytes[24];
	char pictures[24];
	const char *values[] = {body, request->auth_email, picture_bytes, request_bytes, pictures};
	const NachetQuery query = {.sql = statement, .count = 5, .values = values};
	PGresult *result;

	snprintf(picture_bytes, sizeof(picture_bytes), "%" PRIu64, options->max_picture_size);
	snprintf(request_bytes, sizeof(request_bytes), "%" PRIu64, options->max_request_size);
	snprintf(pictures, sizeof(pictures), "%" PRIu64, options->max_pictures);
	result = nachet_query_row(request, &query, MHD_HTTP_BAD_REQUEST);
	if (result != NULL)
		nachet_respond_json(request, MHD_HTTP_OK, PQgetvalue(result, 0, 0));
	PQclear(result);
}

static void
answer(NachetRequest *request)
{
	NachetText *body = request->state;

	if (body->failed)
		nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
	else if (body->length == 0)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The body is empty.");
	else if (memchr(body->bytes, '\0', body->length) != NULL ||
	         !nachet_utf8_valid(body->bytes, body->length))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The body is not valid UTF-8.");
	else
		ask(request, body->bytes);
}

static void
finish(NachetRequest *request)
{
	if (request->state != NULL)
		nachet_text_free(request->state);
	free(request->state);
}

const NachetRoute nachet_route_picture_form = {
    .path = "/picture-form",
    .allow = "POST",
    .body_limit = body_limit,
    .begin = begin,
    .receive = receive,
    .answer = answer,
    .finish = finish,
};
