/*
 * http/routes/requester.c
 *		Whether a request may be made at all in somebody's name, before its body has been read.
 */
#include <microhttpd.h>

#include "loader/client/array.h"
#include "loader/client/statement.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/fields.h"
#include "http/routes/requester.h"

static const char user_statement[] = "SELECT "
                                     "nachet.request_user(pg_catalog.jsonb_strip_nulls(pg_catalog."
                                     "jsonb_build_object('email', $1::pg_catalog.text)), "
                                     "$2::pg_catalog.text)";

/* A dry run checks whom and what a set is made of before it looks at pictures. */
static const char fields_statement[] =
    "SELECT nachet.batch_import(pg_catalog.jsonb_object($1::pg_catalog.text[], "
    "$2::pg_catalog.text[])"
    " OPERATOR(pg_catalog.||) '{\"pictures\": [], \"dry_run\": true}', $3::pg_catalog.text)";

bool
nachet_requester_check(NachetRequest *request, const char *email)
{
	const char *values[] = {email, request->auth_email};
	const NachetStatement query = {.sql = user_statement, .count = 2, .values = values};
	PGresult *result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	bool known = result != NULL;

	PQclear(result);
	return known;
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
	const Oid types[3] = {NACHET_TEXT_ARRAY_OID, NACHET_TEXT_ARRAY_OID, NACHET_TEXT_OID};
	const int formats[3] = {1, 1, 0};
	const char *values[3] = {NULL, NULL, request->auth_email};
	int lengths[3] = {0};
	const NachetStatement query = {fields_statement, 3, types, values, lengths, formats, 0};
	PGresult *result;
	bool possible;

	if (!are_complete(request, fields))
		return true;
	if (!nachet_array_finish(&fields->names) || !nachet_array_finish(&fields->values))
	{
		nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
		return false;
	}
	values[0] = fields->names.data;
	lengths[0] = (int) fields->names.length;
	values[1] = fields->values.data;
	lengths[1] = (int) fields->values.length;
	result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	possible = result != NULL;
	PQclear(result);
	return possible;
}
