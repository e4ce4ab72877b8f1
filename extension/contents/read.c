/*
 * extension/contents/read.c
 *		Bytes back: a picture's whole content, or a range of a content.
 *
 * Both run under the caller's snapshot, and see the rows that row-level security lets the caller
 * see. The result is made in one allocation of its final size and filled page by page; nothing is
 * detoasted or concatenated on the way. Bytes that have moved come from the object store.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "contents/chunk_reader.h"
#include "contents/content.h"
#include "contents/index_scan.h"
#include "offload/read.h"
#include "schema.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(picture_content);
PG_FUNCTION_INFO_V1(content_read);

/*
 * Whether row-level security lets the current user see a row of a table. The functions here read
 * rows by index, which no policy governs; so if one applies, PostgreSQL itself is asked, by a
 * statement that yields the row.
 */
static bool
may_see(const char *table, const char *sql, NachetArg id)
{
	bool visible;

	if (check_enable_rls(nachet_schema_relation(table), InvalidOid, false) != RLS_ENABLED)
		return true;
	SPI_connect();
	visible = nachet_sql_read(sql, 1, &id) > 0;
	SPI_finish();
	return visible;
}

/* Finds a content by one of its keys; false if there is none that the user may see. */
static bool
find_content(const char *index, Datum key, RegProcedure equals, NachetContent *content)
{
	NachetIndexScan contents;
	bool found;

	nachet_index_scan_open(&contents, "content", index, 1, GetActiveSnapshot());
	found = nachet_index_scan_find(&contents, key, equals);
	if (found)
		nachet_content_of_slot(contents.slot, content);
	nachet_index_scan_close(&contents);
	return found &&
	       may_see("content", "SELECT FROM nachet.content WHERE id OPERATOR(pg_catalog.=) $1",
	               NACHET_BIGINT(content->id));
}

/*
 * The id of a picture's content; false if there is no picture that the user may see, or it has no
 * content.
 */
static bool
find_picture(Datum picture_id, int64 *content_id)
{
	NachetIndexScan pictures;
	bool isnull = true;

	nachet_index_scan_open(&pictures, "picture", "picture_pkey", 1, GetActiveSnapshot());
	if (nachet_index_scan_find(&pictures, picture_id, F_UUID_EQ))
	{
		Datum value = nachet_index_scan_column(&pictures, NACHET_PICTURE_CONTENT_ID, &isnull);

		if (!isnull)
			*content_id = DatumGetInt64(value);
	}
	nachet_index_scan_close(&pictures);
	return !isnull &&
	       may_see("picture", "SELECT FROM nachet.picture WHERE id OPERATOR(pg_catalog.=) $1",
	               NACHET_PARAM(UUIDOID, picture_id));
}

/* A range that lies within the content, as a bytea. */
static bytea *
read_range(const NachetContent *content, int64 offset, int64 length)
{
	bytea *result = palloc(VARHDRSZ + length);

	SET_VARSIZE(result, VARHDRSZ + length);
	if (content->object_url != NULL)
		nachet_object_read(content, offset, length, VARDATA(result));
	else if (length > 0)
	{
		NachetChunkReader *reader = nachet_chunk_reader_open(GetActiveSnapshot());

		nachet_chunk_reader_select(reader, content);
		nachet_chunk_reader_read(reader, offset, VARDATA(result), length);
		nachet_chunk_reader_close(reader);
	}
	return result;
}

/* What fits into a bytea. */
static void
check_length(int64 length)
{
	if (length > (int64) (MaxAllocSize - VARHDRSZ))
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("content of " INT64_FORMAT " bytes does not fit into one value", length),
		         errhint("Read it in pieces with nachet.content_read(sha256, offset, length).")));
}

/*
 * picture_content(picture_id uuid) returns bytea: all bytes of a picture; NULL if there is no
 * such picture or no bytes are stored for it. Errors: 54000 above 1 GB, XX001 if chunks are
 * damaged or the object is not what was stored, NC008 if the object store doesn't answer.
 */
Datum
picture_content(PG_FUNCTION_ARGS)
{
	int64 content_id = 0;
	NachetContent content;

	if (!find_picture(PG_GETARG_DATUM(0), &content_id) ||
	    !find_content("content_pkey", Int64GetDatum(content_id), F_INT8EQ, &content))
		PG_RETURN_NULL();
	check_length(content.byte_size);
	PG_RETURN_BYTEA_P(read_range(&content, 0, content.byte_size));
}

/*
 * content_read(sha256 bytea, "offset" bigint, length bigint) returns bytea: the bytes from offset
 * (from 0), at most length of them, fewer if the content ends; NULL if no such content is
 * stored. Errors: 22023 for a negative offset or length or what is no SHA-256, 54000 above 1 GB,
 * XX001, NC008.
 */
Datum
content_read(PG_FUNCTION_ARGS)
{
	Datum sha256 = PointerGetDatum(PG_GETARG_BYTEA_PP(0));
	int64 offset = PG_GETARG_INT64(1);
	int64 length = PG_GETARG_INT64(2);
	NachetContent content;

	nachet_content_check_sha256(&sha256, 1);
	if (offset < 0 || length < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("offset and length must not be negative")));
	if (!find_content("content_sha256_key", sha256, F_BYTEAEQ, &content))
		PG_RETURN_NULL();
	offset = Min(offset, content.byte_size);
	length = Min(length, content.byte_size - offset);
	check_length(length);
	PG_RETURN_BYTEA_P(read_range(&content, offset, length));
}
