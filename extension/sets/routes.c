/*
 * extension/sets/routes.c
 *		Requests of the upload session, as the service hands them on: who asks, and the answers.
 *
 * The service parses no JSON and knows no users. It hands on the request's text and the e-mail
 * address that it has authenticated, if any, and passes the answer on; who may ask, what is asked
 * and what is answered is decided here.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#include "contents/content.h"
#include "errcodes.h"
#include "json_size.h"
#include "pure/hex.h"
#include "pure/json_text.h"
#include "pure/names.h"
#include "sets/flaws.h"
#include "sets/picture_set.h"
#include "sets/set_data.h"
#include "sets/users.h"
#include "shown.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(request_json);
PG_FUNCTION_INFO_V1(request_user);
PG_FUNCTION_INFO_V1(picture_form);
PG_FUNCTION_INFO_V1(batch_import);
PG_FUNCTION_INFO_V1(picture_errors);

/* The member of a manifest that lists its pictures; NACHET_DATA_MAX_BYTES bounds the others. */
#define PICTURES "pictures"

/*
 * The pictures of one manifest: what keeps its JSON, with names of common length, well under the
 * 256 MB that a jsonb array may hold.
 */
#define MANIFEST_MAX_PICTURES 1000000

/* --- what is asked ---------------------------------------------------------------------------- */

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
		                errmsg("an object of the request has the same key twice"),
		                errhint("Give each key once.")));
	PG_RETURN_JSONB_P(document);
}

/*
 * Argument 0 of a function (request jsonb, auth_email text). Raises 22004 for NULL, NC005 for no
 * object, and what nachet_json_size raises of all but the pictures.
 */
static Jsonb *
request_object(FunctionCallInfo fcinfo)
{
	Jsonb *request;

	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("argument \"request\" must not be null")));
	request = PG_GETARG_JSONB_P(0);
	if (!JB_ROOT_IS_OBJECT(request))
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("request is not a JSON object")));
	(void) nachet_json_size(request, PICTURES);
	return request;
}

/* --- who asks --------------------------------------------------------------------------------- */

/* The lower-case forms of two addresses, as the users' index compares them. */
static bool
same_email(text *a, text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
	       pg_strncasecmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/*
 * The address in whose name the request is made: the authenticated one if there is one, which
 * the request may repeat and not contradict (NC007); else the request's own.
 */
static text *
request_email(FunctionCallInfo fcinfo, Jsonb *request)
{
	text *email = nachet_set_data_string(request, "email");
	text *authenticated = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);

	if (authenticated == NULL && email == NULL)
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has no \"email\""),
		                errhint("\"email\" must be the address of a registered user.")));
	if (authenticated == NULL)
		return email;
	if (email != NULL && !same_email(email, authenticated))
		ereport(ERROR,
		        (errcode(ERRCODE_NACHET_NOT_THE_USER),
		         errmsg("\"email\" is not the address of the authenticated user"),
		         errhint("Leave \"email\" out, or give the address you are signed in with.")));
	return authenticated;
}

/*
 * The id of the user in whose name such a function is called, a uuid. Raises NC001, NC005, and
 * NC007 if request and authentication name different users. Needs an SPI connection.
 */
static Datum
find_requester(FunctionCallInfo fcinfo, Jsonb *request)
{
	text *email = request_email(fcinfo, request);
	bool isnull;
	Datum id = nachet_users_find(PointerGetDatum(email), &isnull);

	if (isnull)
		nachet_users_not_registered(nachet_shown(VARDATA_ANY(email), VARSIZE_ANY_EXHDR(email)));
	return id;
}

/*
 * request_user(request jsonb, auth_email text) returns uuid: the id of the user in whose name the
 * request is made. Errors: NC001, NC005, NC007.
 */
Datum
request_user(PG_FUNCTION_ARGS)
{
	Jsonb *request = request_object(fcinfo);
	Datum id;

	SPI_connect();
	id = SPI_datumTransfer(find_requester(fcinfo, request), false, UUID_LEN);
	SPI_finish();
	PG_RETURN_DATUM(id);
}

/* --- the form of the page --------------------------------------------------------------------- */

/*
 * picture_form(request jsonb, auth_email text) returns jsonb: {"user_id", "email", "seed_names",
 * "limits"} for the user whose "email" the request holds or the service has authenticated. limits:
 * manifest_pictures and set_pictures (how many one manifest, one set may name), name_bytes. Errors:
 * NC001, NC005, and NC007 if request and authentication name different users.
 */
Datum
picture_form(PG_FUNCTION_ARGS)
{
	Jsonb *request = request_object(fcinfo);
	NachetArg args[3];
	Datum answer;

	SPI_connect();
	args[0] = NACHET_PARAM(UUIDOID, find_requester(fcinfo, request));
	args[1] = NACHET_INTEGER(MANIFEST_MAX_PICTURES);
	args[2] = NACHET_INTEGER(NACHET_NAME_MAX_BYTES);
	(void) nachet_sql_read(
	    "SELECT jsonb_build_object('user_id', u.id, 'email', u.email,"
	    " 'seed_names', coalesce((SELECT jsonb_agg(s.name ORDER BY s.name COLLATE \"C\")"
	    "  FROM nachet.seed s), '[]'),"
	    " 'limits', jsonb_build_object('manifest_pictures', $2, 'name_bytes', $3))"
	    " FROM nachet.users u WHERE u.id = $1",
	    3, args);
	answer = nachet_sql_result(0, 0, JSONBOID);
	SPI_finish();
	PG_RETURN_DATUM(answer);
}

/* --- manifests -------------------------------------------------------------------------------- */

static void
bad_manifest(int position, const char *flaw)
{
	ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA),
	                errmsg("entry %d of \"pictures\" %s", position + 1, flaw),
	                errhint("\"pictures\" must be an array of {\"name\": string, \"sha256\": 64 "
	                        "hexadecimal digits}.")));
}

/* Refuses the members of an entry that nothing would be done with. */
static void
check_members(JsonbContainer *object, int position)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (JsonContainerSize(object) <= 2)
		return;
	iterator = JsonbIteratorInit(object);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		const char *key = value.val.string.val;
		int length = value.val.string.len;

		if (token == WJB_KEY && !(length == 4 && memcmp(key, "name", 4) == 0) &&
		    !(length == 6 && memcmp(key, "sha256", 6) == 0))
			bad_manifest(position,
			             psprintf("has an unknown member \"%s\"", nachet_shown(key, length)));
	}
}

/* One entry of a manifest: "name" and "sha256", and nothing else. */
static void
read_picture(JsonbValue *entry, int position, Datum *name, Datum *sha256)
{
	JsonbContainer *object = entry->val.binary.data;
	JsonbValue value;
	unsigned char bytes[NACHET_SHA256_BYTES];

	if (entry->type != jbvBinary || !JsonContainerIsObject(object))
		bad_manifest(position, "is not an object");
	if (getKeyJsonValueFromContainer(object, "name", 4, &value) == NULL || value.type != jbvString)
		bad_manifest(position, "has no \"name\"");
	*name = PointerGetDatum(cstring_to_text_with_len(value.val.string.val, value.val.string.len));
	if (getKeyJsonValueFromContainer(object, "sha256", 6, &value) == NULL ||
	    value.type != jbvString || value.val.string.len != 2 * NACHET_SHA256_BYTES ||
	    !nachet_hex_decode(value.val.string.val, NACHET_SHA256_BYTES, bytes))
		bad_manifest(position, "has no \"sha256\" of 64 hexadecimal digits");
	*sha256 = nachet_content_sha256(bytes);
	check_members(object, position);
}

/* The request's "pictures" as names and SHA-256. */
static void
read_manifest(Jsonb *request, NachetUpload *upload)
{
	JsonbValue array;
	JsonbValue entry;
	JsonbIterator *iterator;
	uint32 count;

	if (getKeyJsonValueFromContainer(&request->root, PICTURES, strlen(PICTURES), &array) == NULL ||
	    array.type != jbvBinary || !JsonContainerIsArray(array.val.binary.data))
		ereport(ERROR,
		        (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has no array \"pictures\"")));
	count = JsonContainerSize(array.val.binary.data);
	if (count > MANIFEST_MAX_PICTURES)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("manifest has too many pictures: %u", count),
		         errdetail("A manifest may have up to %d pictures.", MANIFEST_MAX_PICTURES)));
	upload->names = palloc(Max(count, 1) * sizeof(Datum));
	upload->sha256s = palloc(Max(count, 1) * sizeof(Datum));
	iterator = JsonbIteratorInit(array.val.binary.data);
	(void) JsonbIteratorNext(&iterator, &entry, true); /* the array's own beginning */
	while (JsonbIteratorNext(&iterator, &entry, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		read_picture(&entry, upload->count, &upload->names[upload->count],
		             &upload->sha256s[upload->count]);
		upload->count++;
	}
}

static bool
is_dry_run(Jsonb *request)
{
	JsonbValue value;

	if (getKeyJsonValueFromContainer(&request->root, "dry_run", 7, &value) == NULL ||
	    value.type == jbvNull)
		return false;
	if (value.type != jbvBool)
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has an invalid \"dry_run\""),
		                errhint("\"dry_run\" must be true or false.")));
	return value.val.boolean;
}

/* The keys of the request that say nothing of the pictures, left out. */
static Jsonb *
request_data(Jsonb *request)
{
	NachetArg arg = NACHET_PARAM(JSONBOID, JsonbPGetDatum(request));

	(void) nachet_sql_read("SELECT $1 - ARRAY['email', 'pictures', 'dry_run']", 1, &arg);
	return DatumGetJsonbP(nachet_sql_value(0, 0, JSONBOID));
}

/*
 * Brings the missing SHA-256, which ascend, into the order in which the manifest names them, each
 * once.
 */
static void
order_as_named(const NachetUpload *upload, Datum *missing, int count)
{
	Datum *sorted = palloc(Max(count, 1) * sizeof(Datum));
	bool *named = palloc0(Max(count, 1) * sizeof(bool));
	int next = 0;

	memcpy(sorted, missing, count * sizeof(Datum));
	for (int i = 0; i < upload->count && next < count; i++)
	{
		Datum *found = bsearch(&upload->sha256s[i], sorted, count, sizeof(Datum),
		                       nachet_content_compare_sha256);

		CHECK_FOR_INTERRUPTS();
		if (found == NULL || named[found - sorted])
			continue;
		named[found - sorted] = true;
		missing[next++] = *found;
	}
}

/* {"result": ..., "user_id", "missing": [sha256]} */
static Datum
answer_missing(const char *result, Datum user_id, Datum *missing, int count)
{
	NachetArg args[3] = {
	    NACHET_TEXT(result),
	    NACHET_PARAM(UUIDOID, user_id),
	    nachet_sql_array(BYTEAOID, missing, NULL, count),
	};

	(void) nachet_sql_run(
	    SPI_OK_SELECT,
	    "SELECT jsonb_build_object('result', $1, 'user_id', $2, 'missing', coalesce("
	    " (SELECT jsonb_agg(encode(m, 'hex')) FROM unnest($3) AS u (m)), '[]'))",
	    3, args);
	return nachet_sql_result(0, 0, JSONBOID);
}

/* {"result": "created" or "present", "picture_set_id", "pictures", "bytes"} */
static Datum
answer_set(const NachetUpload *upload)
{
	NachetArg args[2] = {
	    NACHET_TEXT(upload->created ? "created" : "present"),
	    NACHET_PARAM(UUIDOID, upload->set_id),
	};

	(void) nachet_sql_run(SPI_OK_SELECT,
	                      "SELECT jsonb_build_object('result', $1, 'picture_set_id', $2,"
	                      " 'pictures', count(*), 'bytes', coalesce(sum(c.byte_size), 0))"
	                      " FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id"
	                      " WHERE p.picture_set_id = $2",
	                      2, args);
	return nachet_sql_result(0, 0, JSONBOID);
}

/*
 * batch_import(request jsonb, auth_email text) returns jsonb: makes a set of contents that are
 * stored. request: "email" (see picture_form), "pictures": [{"name", "sha256"}], the data of
 * upload_picture_set, and optionally "dry_run": true, which checks and stores nothing. The answer's
 * "result" is
 *	"created"	the set was made: with "picture_set_id", "pictures", "bytes";
 *	"present"	the same set was there: the same;
 *		"missing"       contents are not stored yet: with "missing": [sha256], in the manifest's
 *		order, and "user_id";
 *	"checked"	the dry run found nothing wrong: the same.
 * Errors: NC001 to NC005, NC007, 54000.
 */
Datum
batch_import(PG_FUNCTION_ARGS)
{
	Jsonb *request = request_object(fcinfo);
	NachetUpload upload = {0};
	Datum *missing;
	Datum answer;
	int count;
	bool dry_run;

	SPI_connect();
	upload.user_id = find_requester(fcinfo, request);
	dry_run = is_dry_run(request);
	read_manifest(request, &upload);
	upload.data = request_data(request);
	missing = palloc(Max(upload.count, 1) * sizeof(Datum));
	count = nachet_content_find_missing(upload.sha256s, upload.count, missing);
	if (count == 0 && !dry_run)
	{
		nachet_picture_set_upload(&upload);
		answer = answer_set(&upload);
	}
	else
	{
		/* What an upload would refuse is refused before bytes are sent for it. */
		nachet_picture_set_check(&upload);
		order_as_named(&upload, missing, count);
		answer = answer_missing(dry_run ? "checked" : "missing", upload.user_id, missing, count);
	}
	SPI_finish();
	PG_RETURN_DATUM(answer);
}

/*
 * picture_errors(request jsonb) returns jsonb: why batch_import refuses pictures of this request
 * (NC003), for programs: {"errors": [{"name", "reason", "code"}]}, at most 100, with
 * "errors_left_out": how many more there are at most, if there may be more; no more than those
 * that are listed are judged. Errors: NC005, 54000.
 */
Datum
picture_errors(PG_FUNCTION_ARGS)
{
	Jsonb *request = request_object(fcinfo);
	NachetUpload upload = {0};
	NachetFlaws flaws;
	NachetArg args[4];
	int unjudged;
	int listed;
	Datum answer;

	SPI_connect();
	read_manifest(request, &upload);
	nachet_picture_set_flaws(&upload, &flaws, &unjudged);
	listed = nachet_flaws_listed(&flaws);
	args[0] = nachet_sql_array(TEXTOID, flaws.names, NULL, listed);
	args[1] = nachet_sql_array(TEXTOID, flaws.reasons, NULL, listed);
	args[2] = nachet_sql_array(TEXTOID, flaws.codes, NULL, listed);
	args[3] = NACHET_INTEGER(flaws.count - listed + unjudged);
	(void) nachet_sql_run(
	    SPI_OK_SELECT,
	    "SELECT jsonb_build_object('errors', coalesce(jsonb_agg(jsonb_build_object("
	    " 'name', e.name, 'reason', e.reason, 'code', e.code) ORDER BY e.place), '[]'))"
	    " || CASE WHEN $4 > 0 THEN jsonb_build_object('errors_left_out', $4) ELSE '{}' END"
	    " FROM unnest($1, $2, $3) WITH ORDINALITY AS e (name, reason, code, place)",
	    4, args);
	answer = nachet_sql_result(0, 0, JSONBOID);
	SPI_finish();
	PG_RETURN_DATUM(answer);
}
