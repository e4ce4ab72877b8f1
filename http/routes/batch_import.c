/*
 * http/routes/batch_import.c
 *		POST /batch-import, in its three forms.
 *
 * A folder: pictures as one form become one picture set. First all of them are stored; then one
 * statement makes the set. Until that has been committed nothing of the request can be seen, and
 * contents without a set are swept in time.
 *
 * A stage: the bytes of pictures are stored, and the answer says what they are. No set is made: the
 * bytes wait for a manifest that names them, or for a sweep.
 *
 * A manifest: names and SHA-256 of pictures that are stored already become one picture set. The
 * body goes to the database as it came, and its answer is passed on. Running it twice makes one
 * set: a lost connection is no reason to give up.
 */
#include <string.h>
#include <strings.h>
#include <microhttpd.h>

#include "loader/client/text.h"
#include "http/body/mime.h"
#include "http/database/query.h"
#include "http/ops/metrics.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/routes/import.h"
#include "http/routes/json_body.h"

/* Answers a request that makes a picture set, by nachet.batch_import's result. */
static void
answer_set(NachetRequest *request, const char *result, const char *json)
{
	if (strcmp(result, "created") == 0)
	{
		nachet_metrics_add(NACHET_COUNT_SETS_CREATED, 1);
		nachet_respond_json(request, MHD_HTTP_CREATED, json);
	}
	else if (strcmp(result, "present") == 0)
	{
		nachet_metrics_add(NACHET_COUNT_SETS_PRESENT, 1);
		nachet_respond_json(request, MHD_HTTP_OK, json);
	}
	else
		nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
		                       "The datastore returned an unknown result: \"%s\".",
		                       NACHET_QUOTED(result));
}

/* --- a folder --------------------------------------------------------------------------------- */

/* The pictures' names and digests, parameters $1 and $2, as a manifest has them. */
#define PICTURES                                                                                   \
	"pg_catalog.jsonb_build_object('pictures', (SELECT"                                            \
	" coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', n, 'sha256', "           \
	"pg_catalog.encode(s, 'hex'))), '[]')"                                                         \
	" FROM unnest($1::pg_catalog.text[], $2::pg_catalog.bytea[]) AS t (n, s)))"

/* Further parameters: the fields' names and values, who asks, the new bytes, what was left out. */
static const char folder_statement[] =
    "WITH import AS MATERIALIZED (SELECT nachet.batch_import("
    "pg_catalog.jsonb_object($3::pg_catalog.text[], $4::pg_catalog.text[]) "
    "OPERATOR(pg_catalog.||) " PICTURES ", $5::pg_catalog.text) AS answer)"
    " SELECT (answer OPERATOR(pg_catalog.-) 'result' OPERATOR(pg_catalog.||) "
    "pg_catalog.jsonb_build_object('new_bytes', $6::bigint) OPERATOR(pg_catalog.||) "
    "$7::pg_catalog.jsonb)::pg_catalog.text,"
    " answer OPERATOR(pg_catalog.->>) 'result' FROM import";

static const char folder_errors[] = NACHET_PICTURE_ERRORS(PICTURES);

static void
begin_folder(NachetRequest *request)
{
	nachet_import_begin(request, NACHET_IMPORT_FOLDER);
}

static void
answer_folder(NachetRequest *request)
{
	NachetImport *import = request->state;
	NachetQuery query = {.sql = folder_statement};
	NachetText left_out = {0};
	PGresult *result = NULL;
	uint64_t new_bytes;

	if (!nachet_import_finish(import, &new_bytes))
		return;
	nachet_import_write_left_out(import, &left_out);
	nachet_query_add_array(&query, &import->pictures.names);
	nachet_query_add_array(&query, &import->pictures.digests);
	nachet_query_add_array(&query, &import->fields.names);
	nachet_query_add_array(&query, &import->fields.values);
	nachet_query_add_text(&query, request->auth_email);
	nachet_query_add_number(&query, new_bytes);
	nachet_query_add_text(&query, left_out.bytes);
	if (!left_out.failed)
		result =
		    nachet_query_import(request, &query, folder_errors, 2, MHD_HTTP_UNPROCESSABLE_CONTENT);
	nachet_text_free(&left_out);
	if (result != NULL && strcmp(PQgetvalue(result, 0, 1), "missing") == 0)
		nachet_respond_swept(request);
	else if (result != NULL)
		answer_set(request, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
	PQclear(result);
	nachet_import_release(import);
}

static const NachetRoute folder = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = nachet_import_body_limit,
    .begin = begin_folder,
    .receive = nachet_import_receive,
    .answer = answer_folder,
    .finish = nachet_import_finish_request,
};

/* --- a stage ---------------------------------------------------------------------------------- */

/*
 * Parameters: the parts' names and digests, the new bytes. The second column counts the contents
 * that are not there any more. A fact of an extension that has not been updated has no code.
 */
static const char stage_statement[] =
    "WITH fact AS MATERIALIZED (SELECT * FROM nachet.content_facts($2::pg_catalog.bytea[]))"
    " SELECT pg_catalog.jsonb_build_object('pictures', "
    "pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
    "'name', part.name, 'size', fact.byte_size, 'sha256', pg_catalog.encode(part.sha256, 'hex'),"
    " 'format', fact.format, 'width', fact.width, 'height', fact.height, 'reason', fact.reason, "
    "'code', pg_catalog.to_jsonb(fact) OPERATOR(pg_catalog.->) 'code')"
    " ORDER BY part.position), 'bytes', pg_catalog.sum(fact.byte_size), 'new_bytes', "
    "$3::bigint)::pg_catalog.text,"
    " pg_catalog.count(*) FILTER (WHERE fact.sha256 IS NULL)"
    " FROM unnest($1::pg_catalog.text[], $2::pg_catalog.bytea[]) WITH ORDINALITY AS part (name, "
    "sha256, position)"
    " LEFT JOIN fact ON fact.sha256 OPERATOR(pg_catalog.=) part.sha256";

static void
begin_stage(NachetRequest *request)
{
	nachet_import_begin(request, NACHET_IMPORT_STAGE);
}

static void
answer_stage(NachetRequest *request)
{
	NachetImport *import = request->state;
	NachetQuery query = {.sql = stage_statement};
	PGresult *result;
	uint64_t new_bytes;

	if (!nachet_import_finish(import, &new_bytes))
		return;
	nachet_query_add_array(&query, &import->pictures.names);
	nachet_query_add_array(&query, &import->pictures.digests);
	nachet_query_add_number(&query, new_bytes);
	result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	if (result != NULL && PQgetvalue(result, 0, 1)[0] != '0')
		nachet_respond_swept(request);
	else if (result != NULL)
		nachet_respond_json(request, MHD_HTTP_OK, PQgetvalue(result, 0, 0));
	PQclear(result);
	nachet_import_release(import);
}

static const NachetRoute stage = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = nachet_import_body_limit,
    .begin = begin_stage,
    .receive = nachet_import_receive,
    .answer = answer_stage,
    .finish = nachet_import_finish_request,
};

/* --- a manifest ------------------------------------------------------------------------------- */

/* The result, and the JSON that is passed on: the list of missing pictures, or the answer. */
static const char manifest_statement[] =
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

static const char manifest_errors[] =
    NACHET_PICTURE_ERRORS("nachet.request_json($1::pg_catalog.text)");

static uint64_t
manifest_limit(const NachetHttpOptions *options)
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
		answer_set(request, result, json);
}

static void
answer_manifest(NachetRequest *request)
{
	const char *body = nachet_json_body_load(request);
	NachetQuery query = {.sql = manifest_statement};
	PGresult *result = NULL;

	if (body != NULL)
	{
		nachet_query_add_text(&query, body);
		nachet_query_add_text(&query, request->auth_email);
		result = nachet_query_import(request, &query, manifest_errors, 1, MHD_HTTP_BAD_REQUEST);
	}
	if (result != NULL)
		answer_result(request, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
	PQclear(result);
	nachet_json_body_release(request);
}

static const NachetRoute manifest = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = manifest_limit,
    .begin = nachet_json_body_begin,
    .receive = nachet_json_body_receive,
    .answer = answer_manifest,
    .finish = nachet_json_body_finish,
};

/* --- which of them ---------------------------------------------------------------------------- */

/* The query parameters, as they were sent. */
typedef struct Parameters
{
	bool stage;
	bool stage_given;
	bool invalid;
} Parameters;

static enum MHD_Result
read_parameter(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Parameters *parameters = context;

	(void) kind;
	if (strcmp(name, "stage") != 0 || parameters->stage_given || value == NULL ||
	    (strcmp(value, "true") != 0 && strcmp(value, "false") != 0))
		parameters->invalid = true;
	else
	{
		parameters->stage_given = true;
		parameters->stage = strcmp(value, "true") == 0;
	}
	return MHD_YES;
}

static bool
is_multipart(const char *content_type)
{
	static const char multipart[] = "multipart/form-data";

	return content_type != NULL && strncasecmp(content_type, multipart, sizeof(multipart) - 1) == 0;
}

static const NachetRoute *
choose(NachetRequest *request)
{
	Parameters parameters = {false};

	(void) MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, read_parameter,
	                                 &parameters);
	if (parameters.invalid)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The only query parameter of /batch-import is stage=true.");
	else if (is_multipart(request->content_type))
		return parameters.stage ? &stage : &folder;
	else if (parameters.stage)
		nachet_respond_unsupported(request, "Accept", "multipart/form-data",
		                           "The body must be multipart/form-data: with stage=true the "
		                           "pictures' bytes are stored.");
	else if (nachet_mime_type_is_json(request->content_type))
		return &manifest;
	else
		nachet_respond_unsupported(request, "Accept", "multipart/form-data, application/json",
		                           "The body must be multipart/form-data, or application/json.");
	return &nachet_route_batch_import;
}

const NachetRoute nachet_route_batch_import = {
    .path = "/batch-import",
    .allow = "POST",
    .choose = choose,
};
