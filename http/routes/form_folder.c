/*
 * http/routes/form_folder.c
 *		POST /batch-import with multipart/form-data: a folder of pictures, as one form, becomes one picture set.
 *
 * First all pictures are stored; then one statement makes the set. Until that has been committed nothing of
 * the request can be seen, and contents without a set are swept in time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/array.h"
#include "loader/client/statement.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/routes/import.h"
#include "http/routes/set_answer.h"
#include "http/text.h"

/* The pictures' names and digests, of which the parameters are $1 and $2, as a manifest has them. */
#define PICTURES                                                                                   \
	"pg_catalog.jsonb_build_object('pictures', (SELECT"                                            \
	" coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', n, 'sha256', "           \
	"pg_catalog.encode(s, 'hex'))), '[]')"                                                         \
	" FROM unnest($1::pg_catalog.text[], $2::pg_catalog.bytea[]) AS t (n, s)))"

/*
 * Further parameters: the fields' names and values, who asks, the new bytes, what was left out.
 */
static const char statement[] =
    "WITH import AS MATERIALIZED (SELECT nachet.batch_import("
    "pg_catalog.jsonb_object($3::pg_catalog.text[], $4::pg_catalog.text[]) "
    "OPERATOR(pg_catalog.||) " PICTURES ", $5::pg_catalog.text) AS answer)"
    " SELECT (answer OPERATOR(pg_catalog.-) 'result' OPERATOR(pg_catalog.||) "
    "pg_catalog.jsonb_build_object('new_bytes', $6::bigint) OPERATOR(pg_catalog.||) "
    "$7::pg_catalog.jsonb)::pg_catalog.text,"
    " answer OPERATOR(pg_catalog.->>) 'result' FROM import";

static const char errors_statement[] = NACHET_PICTURE_ERRORS(PICTURES);

static void
begin(NachetRequest *request)
{
	nachet_import_begin(request, NACHET_IMPORT_FOLDER);
}

static void
answer(NachetRequest *request)
{
	NachetImport *import = request->state;
	const Oid types[7] = {NACHET_TEXT_ARRAY_OID,
	                      NACHET_BYTEA_ARRAY_OID,
	                      NACHET_TEXT_ARRAY_OID,
	                      NACHET_TEXT_ARRAY_OID,
	                      NACHET_TEXT_OID,
	                      0,
	                      0};
	const int formats[7] = {1, 1, 1, 1, 0, 0, 0};
	const char *values[7] = {NULL};
	int lengths[7] = {0};
	char new_bytes_text[24];
	NachetText left_out = {0};
	const NachetArray *arrays[4] = {&import->pictures.names, &import->pictures.digests,
	                                &import->fields.names, &import->fields.values};
	const NachetStatement query = {statement, 7, types, values, lengths, formats, 0};
	const NachetStatement errors = {errors_statement, 2, types, values, lengths, formats, 0};
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
	nachet_import_left_out(import, &left_out);
	values[6] = left_out.failed ? "{}" : left_out.bytes;
	result = nachet_query_import(request, &query, &errors, MHD_HTTP_UNPROCESSABLE_CONTENT);
	nachet_text_free(&left_out);
	if (result != NULL && strcmp(PQgetvalue(result, 0, 1), "missing") == 0)
		nachet_respond_swept(request);
	else if (result != NULL)
		nachet_set_answer(request, PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 0));
	PQclear(result);
	nachet_import_release(import);
}

const NachetRoute nachet_form_folder = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = nachet_import_body_limit,
    .begin = begin,
    .receive = nachet_import_receive,
    .answer = answer,
    .finish = nachet_import_finish_request,
};
