/*
 * extension/sets/request.c
 *		Who asks, and what: the JSON of a request as the service hands it on.
 *
 * The service parses no JSON and knows no users: it hands on the request's text and the e-mail address that it has
 * authenticated, if any.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "errcodes.h"
#include "json_size.h"
#include "pure/json_text.h"
#include "sets/request.h"
#include "sets/set_data.h"
#include "sets/users.h"
#include "shown.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(request_json);
PG_FUNCTION_INFO_V1(request_user);

/* --- what is asked ---------------------------------------------------------------------------------- */

static uint64
count_members(Jsonb *document)
{
	JsonbIterator *iterator = JsonbIteratorInit(&document->root);
	JsonbIteratorToken token;
	JsonbValue value;
	uint64 members = 0;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			members++;
	}
	return members;
}

/*
 * Refuses a text that would take far more memory as jsonb than its length lets expect: parsing
 * takes some 700 bytes for each array or object, and 110 for each element. A manifest has an object
 * of 88 bytes or more for each picture.
 */
static void
check_density(const NachetJsonCounts *counts, int length)
{
	if (counts->containers > 4096 + (uint64) length / 64 ||
	    counts->commas > 65536 + (uint64) length / 16)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("request has too many values for its length"),
		                errdetail("It has " UINT64_FORMAT " arrays and objects and " UINT64_FORMAT
		                          " commas in %d bytes.",
		                          counts->containers, counts->commas, length)));
}

/*
 * request_json(request text) returns jsonb: the text as jsonb. Unlike a cast it refuses an object
 * that names a key twice (22030): jsonb keeps the last of two, which would deceive whoever judged
 * the first. Errors: 22P02 and others of class 22 if it is not JSON, 54001 if it is nested too
 * deeply, 54000 if it is too large or has too many values for its length.
 */
Datum
request_json(PG_FUNCTION_ARGS)
{
	text *request = PG_GETARG_TEXT_PP(0);
	int length = (int) VARSIZE_ANY_EXHDR(request);
	NachetJsonCounts counts = nachet_json_text_count(VARDATA_ANY(request), length);
	Jsonb *document;

	check_density(&counts, length);
	document =
	    DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring(request))));

	/* Every member was written with a colon; jsonb keeps one of those with the same name. */
	if (counts.members != count_members(document))
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_JSON_OBJECT_KEY_VALUE),
		                errmsg("an object of the request names a key twice"),
		                errhint("Give each key once.")));
	PG_RETURN_JSONB_P(document);
}

Jsonb *
nachet_request_object(FunctionCallInfo fcinfo)
{
	Jsonb *request;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"request\" must not be null")));
	request = PG_GETARG_JSONB_P(0);
	if (!JB_ROOT_IS_OBJECT(request))
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("request is not a JSON object")));
	(void) nachet_json_size(request, NACHET_REQUEST_PICTURES);
	return request;
}

/* --- who asks --------------------------------------------------------------------------------------- */

/* The lower-case forms of two addresses, as the users' index compares them. */
static bool
same_email(text *a, text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
	       pg_strncasecmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/*
 * The address in whose name the request is made: the authenticated one where there is one, which the
 * request may repeat and not contradict (NC007); else the request's own.
 */
static text *
request_email(FunctionCallInfo fcinfo, Jsonb *request)
{
	text *email = nachet_data_string(request, "email");
	text *authenticated = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);

	if (authenticated == NULL && email == NULL)
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has no \"email\""),
		                errhint("\"email\" must be the address of a registered user.")));
	if (authenticated == NULL)
		return email;
	if (email != NULL && !same_email(email, authenticated))
		ereport(ERROR,
		        (errcode(ERRCODE_NACHET_NOT_THE_USER),
		         errmsg("\"email\" is not the authenticated user's"),
		         errhint("Leave \"email\" out, or give the address you are signed in with.")));
	return authenticated;
}

Datum
nachet_request_user(FunctionCallInfo fcinfo, Jsonb *request)
{
	text *email = request_email(fcinfo, request);
	bool isnull;
	Datum id = nachet_user_find(PointerGetDatum(email), &isnull);

	if (isnull)
		nachet_user_not_registered(nachet_shown(VARDATA_ANY(email), VARSIZE_ANY_EXHDR(email)));
	return id;
}

/*
 * request_user(request jsonb, auth_email text) returns uuid: the id of the user in whose name the request is made.
 * Errors: NC001, NC005, NC007.
 */
Datum
request_user(PG_FUNCTION_ARGS)
{
	Jsonb *request = nachet_request_object(fcinfo);
	Datum id;

	SPI_connect();
	id = SPI_datumTransfer(nachet_request_user(fcinfo, request), false, UUID_LEN);
	SPI_finish();
	PG_RETURN_DATUM(id);
}
