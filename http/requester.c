/*
 * http/requester.c
 *		Whether a request may be made at all in somebody's name, before its body has been read.
 */
#include "query.h"
#include "requester.h"

static const char statement[] =
    "SELECT nachet.request_user(jsonb_strip_nulls(jsonb_build_object('email', $1::text)), "
    "$2::text)";

bool
nachet_requester_check(NachetRequest *request, const char *email)
{
	const char *values[] = {email, request->auth_email};
	const NachetStatement query = {.sql = statement, .count = 2, .values = values};
	PGresult *result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	bool known = result != NULL;

	PQclear(result);
	return known;
}
