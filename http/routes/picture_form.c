/*
 * http/routes/picture_form.c
 *		POST /picture-form: what the form of an upload session needs.
 *
 * The answer comes back as the database made it; the service's own limits are merged in on the way,
 * in SQL.
 */
#include <microhttpd.h>

#include "http/body/mime.h"
#include "http/database/query.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/routes/json_body.h"
#include "http/shared.h"

#define BODY_BYTES (64 * 1024)

static const char statement[] =
    "WITH form AS MATERIALIZED ("
    "SELECT nachet.picture_form(nachet.request_json($1::pg_catalog.text), $2::pg_catalog.text) AS "
    "answer)"
    " SELECT (answer OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('limits', "
    "coalesce(answer OPERATOR(pg_catalog.->) 'limits', '{}')"
    " OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('picture_bytes', $3::bigint, "
    "'request_bytes', $4::bigint,"
    " 'request_pictures', $5::bigint, 'manifest_bytes', $6::bigint)))::pg_catalog.text FROM form";

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	(void) options;
	return BODY_BYTES;
}

static void
begin(NachetRequest *request)
{
	if (nachet_mime_type_is_json(request->content_type))
		nachet_json_body_begin(request);
	else
		nachet_respond_unsupported(request, "Accept", "application/json",
		                           "The body must be application/json.");
}

static void
ask(NachetRequest *request, const char *body)
{
	const NachetHttpOptions *options = request->server->options;
	NachetQuery query = {.sql = statement};
	PGresult *result;

	nachet_query_add_text(&query, body);
	nachet_query_add_text(&query, request->auth_email);
	nachet_query_add_number(&query, options->max_picture_size);
	nachet_query_add_number(&query, options->max_request_size);
	nachet_query_add_number(&query, options->max_pictures);
	nachet_query_add_number(&query, options->max_manifest_size);
	result = nachet_query_row(request, &query, MHD_HTTP_BAD_REQUEST);
	if (result != NULL)
		nachet_respond_json(request, MHD_HTTP_OK, PQgetvalue(result, 0, 0));
	PQclear(result);
}

static void
answer(NachetRequest *request)
{
	const char *body = nachet_json_body_load(request);

	if (body != NULL)
		ask(request, body);
	nachet_json_body_release(request);
}

const NachetRoute nachet_route_picture_form = {
    .path = "/picture-form",
    .allow = "POST",
    .body_limit = body_limit,
    .begin = begin,
    .receive = nachet_json_body_receive,
    .answer = answer,
    .finish = nachet_json_body_finish,
};
