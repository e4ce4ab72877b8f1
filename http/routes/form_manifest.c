/*
 * http/routes/form_manifest.c
 *		POST /batch-import with a manifest: names and SHA-256 of pictures that are stored already become one picture set.
 *
 * The body goes to the database as it came, and its answer is passed on. Running it twice makes one set: a lost
 * connection is no reason to give up.
 */
#include <string.h>
#include <microhttpd.h>

#include "loader/client/statement.h"
#include "http/database/query.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/routes/json_body.h"
#include "http/routes/set_answer.h"

/* What came of it, and what is passed on: the list of what is missing, or the answer. */
static const char statement[] =
    "WITH import AS MATERIALIZED ("
    "SELECT nachet.batch_import(nachet.request_json($1::pg_catalog.text), $2::pg_catalog.text) AS "
    "answer)"
    " SELECT answer OPERATOR(pg_catalog.->>) 'result', (CASE"
    " WHEN answer OPERATOR(pg_catalog.->>) 'result' OPERATOR(pg_catalog.=) 'missing' THEN answer "
    "OPERATOR(pg_catalog.->) 'missing'"
    " WHEN answer OPERATOR(pg_catalog.->>) 'result' OPERATOR(pg_catalog.=) 'checked' THEN "
    "pg_catalog.jsonb_build_object('missing', answer OPERATOR(pg_catalog.->) 'missing')"
    " ELSE answer OPERATOR(pg_catalog.-) 'result' OPERATOR(pg_catalog.||) '{\"new_bytes\": 0}' "
    "END)::pg_catalog.text FROM import";

static const char errors_statement[] =
    NACHET_PICTURE_ERRORS("nachet.request_json($1::pg_catalog.text)");

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	return options->max_manifest_size;
}

static void
answer_result(NachetRequest *request, const char *result, const char *json)
{
	if (strcmp(result, "missing") == 0)
		nachet_respond_missing(request, json);
	else if (strcmp(result, "checked") == 0)
		nachet_respond_json(request, MHD_HTTP_OK, json);
	else
		nachet_set_answer(request, result, json);
}

static void
answer(NachetRequest *request)
{
	const char *values[2] = {nachet_json_body_load(request), request->auth_email};
	const NachetStatement query = {.sql = statement, .count = 2, .values = values};
	const NachetStatement errors = {.sql = errors_statement, .count = 1, .values = values};
	PGresult *result = NULL;

	if (values[0] != NULL)
		result = nachet_query_import(request, &query, &errors, MHD_HTTP_BAD_REQUEST);
	if (result != NULL)
		answer_result(request, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
	PQclear(result);
	nachet_json_body_release(request);
}

const NachetRoute nachet_form_manifest = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = body_limit,
    .begin = nachet_json_body_begin,
    .receive = nachet_json_body_receive,
    .answer = answer,
    .finish = nachet_json_body_finish,
};
