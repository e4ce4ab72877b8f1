/*
 * http/routes/form_stage.c
 *		POST /batch-import?stage=true: stores the bytes of pictures, and says what they are.
 *
 * No set is made: the bytes wait for a manifest that names them, or for a sweep.
 */
#include <inttypes.h>
#include <stdio.h>
#include <microhttpd.h>

#include "loader/client/array.h"
#include "loader/client/statement.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/routes/import.h"

/*
 * Parameters: the parts' names and digests, the new bytes. The second column counts the contents that are not there
 * any more.
 */
static const char statement[] =
    "WITH fact AS MATERIALIZED (SELECT * FROM nachet.content_facts($2::pg_catalog.bytea[]))"
    " SELECT pg_catalog.jsonb_build_object('pictures', "
    "pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
    "'name', part.name, 'size', fact.byte_size, 'sha256', pg_catalog.encode(part.sha256, 'hex'),"
    " 'format', fact.format, 'width', fact.width, 'height', fact.height, 'reason', fact.reason, "
    "'code', fact.code)"
    " ORDER BY part.position), 'bytes', pg_catalog.sum(fact.byte_size), 'new_bytes', "
    "$3::bigint)::pg_catalog.text,"
    " pg_catalog.count(*) FILTER (WHERE fact.sha256 IS NULL)"
    " FROM unnest($1::pg_catalog.text[], $2::pg_catalog.bytea[]) WITH ORDINALITY AS part (name, "
    "sha256, position)"
    " LEFT JOIN fact ON fact.sha256 OPERATOR(pg_catalog.=) part.sha256";

static void
begin(NachetRequest *request)
{
	nachet_import_begin(request, NACHET_IMPORT_STAGE);
}

static void
answer(NachetRequest *request)
{
	NachetImport *import = request->state;
	const Oid types[3] = {NACHET_TEXT_ARRAY_OID, NACHET_BYTEA_ARRAY_OID, 0};
	const int formats[3] = {1, 1, 0};
	const char *values[3];
	int lengths[3] = {0};
	char new_bytes_text[24];
	const NachetStatement query = {statement, 3, types, values, lengths, formats, 0};
	PGresult *result;
	uint64_t new_bytes;

	if (!nachet_import_finish(import, &new_bytes))
		return;
	snprintf(new_bytes_text, sizeof(new_bytes_text), "%" PRIu64, new_bytes);
	values[0] = import->pictures.names.data;
	lengths[0] = (int) import->pictures.names.length;
	values[1] = import->pictures.digests.data;
	lengths[1] = (int) import->pictures.digests.length;
	values[2] = new_bytes_text;
	result = nachet_query_row(request, &query, MHD_HTTP_UNPROCESSABLE_CONTENT);
	if (result != NULL && PQgetvalue(result, 0, 1)[0] != '0')
		nachet_respond_swept(request);
	else if (result != NULL)
		nachet_respond_json(request, MHD_HTTP_OK, PQgetvalue(result, 0, 0));
	PQclear(result);
	nachet_import_release(import);
}

const NachetRoute nachet_form_stage = {
    .path = "/batch-import",
    .allow = "POST",
    .body_limit = nachet_import_body_limit,
    .begin = begin,
    .receive = nachet_import_receive,
    .answer = answer,
    .finish = nachet_import_finish_request,
};
