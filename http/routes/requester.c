/*
 * http/routes/requester.c
 *		Whether a request may be made at all in somebody's name, before its body has been read.
 */
#include <microhttpd.h>

#include "loader/client/array.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/fields.h"
#include "http/routes/requester.h"

static const char user_statement[] =
    "SELECT nachet.request_user(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object("
    "'email', $1::pg_catalog.text)), $2::pg_catalog.text)";

/* A dry run checks whom and what a set is made of before it looks at pictures. */
static const char fields_statement[] =
    "SELECT nachet.batch_import(pg_catalog.jsonb_object($1::pg_catalog.text[], "
    "$2::pg_catalog.text[]) OPERATOR(pg_catalog.||) '{\"pictures\": [], \"dry_run\": true}', "
    "$3::pg_catalog.text)";

static bool
succeeds(NachetRequest *request, const NachetQuery *query)
{
	PGresult *result = nachet_query_row(request, query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	bool possible = result != NULL;

	PQclear(result);
	return possible;
}

bool
nachet_requester_check(NachetRequest *request, const char *email)
{
	NachetQuery query = {.sql = user_statement};

	nachet_query_add_text(&query, email);
	nachet_query_add_text(&query, request->auth_email);
	return succeeds(request, &query);
}

static bool
are_complete(const NachetRequest *request, const NachetFields *fields)
{
	return nachet_fields_has(fields, "seed_name") && nachet_fields_has(fields, "zoom_level") &&
	       nachet_fields_has(fields, "nb_seeds") &&
	       (request->auth_email != NULL || nachet_fields_has(fields, "email"));
}

bool
nachet_requester_check_fields(NachetRequest *request, NachetFields *fields)
{
	NachetQuery query = {.sql = fields_statement};

	if (!are_complete(request, fields))
		return true;
	if (!nachet_array_finish(&fields->names) || !nachet_array_finish(&fields->values))
	{
		nachet_respond_out_of_memory(request);
		return false;
	}
	nachet_query_add_array(&query, &fields->names);
	nachet_query_add_array(&query, &fields->values);
	nachet_query_add_text(&query, request->auth_email);
	return succeeds(request, &query);
}
