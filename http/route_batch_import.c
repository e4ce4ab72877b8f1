/*
 * http/route_batch_import.c
 *		POST /batch-import: a folder of pictures, as one multipart form, becomes one picture set.
 *
 * First all pictures are stored; then one statement makes the set. Until that has been committed nothing of
 * the request can be seen, and contents without a set are swept in time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "loader/client/datastore.h"
#include "import.h"
#include "metrics.h"
#include "query.h"
#include "respond.h"
#include "router.h"

/* Parameters: the fields' names and values, the pictures' names and digests, who asks, the new bytes. */
static const char statement[] =
    "WITH import AS MATERIALIZED (SELECT nachet.batch_import("
    "jsonb_object($1::text[], $2::text[]) || jsonb_build_object('pictures', (SELECT"
    " coalesce(jsonb_agg(jsonb_build_object('name', n, 'sha256', encode(s, 'hex'))), '[]')"
    " FROM unnest($3::text[], $4::bytea[]) AS t (n, s))), $5::text) AS answer)"
    " SELECT (answer - 'result' || jsonb_build_object('new_bytes', $6::bigint))::text,"
    " answer ->> 'result' FROM import";

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	return options->max_request_size;
}

static void
begin(NachetRequest *request)
{
	static const char multipart[] = "multipart/form-data";
	char boundary[NACHET_BOUNDARY_MAX + 1];
	const char *type = request->content_type;

	if (type == NULL || strncasecmp(type, multipart, sizeof(multipart) - 1) != 0)
		nachet_respond_problem(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		                       "The body must be multipart/form-data.");
	else if (!nachet_multipart_boundary(type, boundary))
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The header Content-Type is malformed, or has no usable boundary.");
	else
	{
		request->state = nachet_import_create(request, boundary);
		if (request->state == NULL)
			nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
	}
}

static void
receive(NachetRequest *request, const char *bytes, size_t length)
{
	nachet_import_receive(request->state, bytes, length);
}

/*
 * "missing" and NC004 mean that a sweep came between: the bytes are gone from here too, so the client must
 * send them again.
 */
static void
answer_result(NachetRequest *request, const char *result, const char *json)
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
	else if (strcmp(result, "missing") == 0)
		nachet_respond_refusal(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       NACHET_SQLSTATE_CONTENTS_MISSING, "Send the same request again.",
		                       "Pictures were swept while the others came in.");
	else
		nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
		                       "The datastore gave an answer that is not known: \"%.40s\".",
		                       result);
}

static void
answer(NachetRequest *request)
{
	NachetImport *import = request->state;
	const Oid types[6] = {NACHET_TEXT_ARRAY_OID,  NACHET_TEXT_ARRAY_OID, NACHET_TEXT_ARRAY_OID,
	                      NACHET_BYTEA_ARRAY_OID, NACHET_TEXT_OID,       0};
	const int formats[6] = {1, 1, 1, 1, 0, 0};
	const char *values[6] = {NULL};
	int lengths[6] = {0};
	char new_bytes_text[24];
	const NachetArray *arrays[4] = {&import->fields.names, &import->fields.values,
	                                &import->manifest.names, &import->manifest.digests};
	const NachetQuery query = {statement, 6, types, values, lengths, formats};
	PGresult *result;
	uint64_t new_bytes;

	if (!nachet_import_finish(import, &new_bytes))
		return;
	for (int i = 0; i < 4; i++)
	{
		values[i] = arrays[i]->data;
		lengths[i] = (int) arrays[i]->length;
	}
	snprintf(new_bytes_text, sizeof(new_bytes_text), "%" PRIu64, new_bytes);
	values[4] = request->auth_email;
	values[5] = new_bytes_text;
	result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	if (result != NULL)
		answer_result(request, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
	PQclear(result);
}

static void
finish(NachetRequest *request)
{
	nachet_import_free(request->state);
}

const NachetRoute nachet_route_batch_import = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = body_limit,
    .begin = begin,
    .receive = receive,
    .answer = answer,
    .finish = finish,
};
