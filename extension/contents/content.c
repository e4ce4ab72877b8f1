/*
 * extension/contents/content.c
 *		Contents: their rows, their SHA-256, and which of them are stored.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "contents/content.h"
#include "contents/index_scan.h"
#include "schema.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(chunk_size);
PG_FUNCTION_INFO_V1(missing_contents);
PG_FUNCTION_INFO_V1(hold_contents);

/* --- rows ------------------------------------------------------------------------------------- */

/* A text of a row, which like every text holds no zero byte. */
static char *
read_text(Datum value)
{
	text *string = DatumGetTextPP(value);
	char *copy = text_to_cstring(string);

	if (strlen(copy) != VARSIZE_ANY_EXHDR(string))
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("a text column of the row contains a zero byte")));
	return copy;
}

static void
read_sha256(Datum value, int64 id, NachetContent *content)
{
	bytea *sha256 = DatumGetByteaPP(value);

	if (VARSIZE_ANY_EXHDR(sha256) != NACHET_SHA256_BYTES)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("SHA-256 of content " INT64_FORMAT " has %d bytes", id,
		                       (int) VARSIZE_ANY_EXHDR(sha256))));
	memcpy(content->sha256, VARDATA_ANY(sha256), NACHET_SHA256_BYTES);
}

/* Reads the columns of a row, by their numbers less one. */
static void
read_row(const Datum *values, const bool *nulls, NachetContent *content)
{
#define TEXT(column)               (nulls[(column) -1] ? NULL : read_text(values[(column) -1]))
#define NUMBER(get, column, other) (nulls[(column) -1] ? (other) : get(values[(column) -1]))
	int64 id = NUMBER(DatumGetInt64, NACHET_CONTENT_ID, 0);

	read_sha256(values[NACHET_CONTENT_SHA256 - 1], id, content);
	content->id = id; /* after an error, it says that the SHA-256 is known */
	content->byte_size = NUMBER(DatumGetInt64, NACHET_CONTENT_BYTE_SIZE, 0);
	content->chunk_size = NUMBER(DatumGetInt32, NACHET_CONTENT_CHUNK_SIZE, 0);
	if (content->byte_size < 1 || content->chunk_size < 1)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED),
		         errmsg("content " INT64_FORMAT " has " INT64_FORMAT " bytes in chunks of %d",
		                content->id, content->byte_size, content->chunk_size)));
	content->format = TEXT(NACHET_CONTENT_FORMAT);
	content->width = NUMBER(DatumGetInt32, NACHET_CONTENT_WIDTH, 0);
	content->height = NUMBER(DatumGetInt32, NACHET_CONTENT_HEIGHT, 0);
	content->object_url = TEXT(NACHET_CONTENT_OBJECT_URL);
	content->object_id = NUMBER(DatumGetInt64, NACHET_CONTENT_OBJECT_ID, content->id);
	content->object_etag = TEXT(NACHET_CONTENT_OBJECT_ETAG);
#undef TEXT
#undef NUMBER
}

void
nachet_content_of_slot(TupleTableSlot *slot, NachetContent *content)
{
	Datum values[NACHET_CONTENT_COLUMNS] = {0};
	bool nulls[NACHET_CONTENT_COLUMNS];

	for (int i = 0; i < NACHET_CONTENT_COLUMNS; i++)
	{
		nulls[i] = i >= slot->tts_tupleDescriptor->natts;
		if (!nulls[i])
			values[i] = slot_getattr(slot, i + 1, &nulls[i]);
	}
	read_row(values, nulls, content);
}

/*
 * Raises 55000 unless the result's columns have the types that read_row takes them for: statements
 * take a table as an administrator's ALTER TABLE has left it.
 */
static void
check_types(TupleDesc shape)
{
	static const Oid types[NACHET_CONTENT_COLUMNS] = {INT8OID, BYTEAOID, INT8OID, INT4OID,
	                                                  TEXTOID, INT4OID,  INT4OID, TIMESTAMPTZOID,
	                                                  TEXTOID, INT8OID,  TEXTOID};

	for (int i = 0; i < Min(shape->natts, NACHET_CONTENT_COLUMNS); i++)
		if (TupleDescAttr(shape, i)->atttypid != types[i])
			ereport(ERROR,
			        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			         errmsg("column \"%s\" of table \"nachet.content\" is not of type %s",
			                NameStr(TupleDescAttr(shape, i)->attname), format_type_be(types[i])),
			         errhint("Columns may be added to this table, but the extension's own must "
			                 "keep their order, names and types.")));
}

void
nachet_content_of_result(const SPITupleTable *table, uint64 row, NachetContent *content)
{
	Datum values[NACHET_CONTENT_COLUMNS] = {0};
	bool nulls[NACHET_CONTENT_COLUMNS];

	check_types(table->tupdesc);
	for (int i = 0; i < NACHET_CONTENT_COLUMNS; i++)
	{
		nulls[i] = i >= table->tupdesc->natts;
		if (!nulls[i])
			values[i] = SPI_getbinval(table->vals[row], table->tupdesc, i + 1, &nulls[i]);
	}
	read_row(values, nulls, content);
}

/* --- SHA-256 ---------------------------------------------------------------------------------- */

Datum
nachet_content_sha256(const uint8 sha256[NACHET_SHA256_BYTES])
{
	bytea *value = palloc(VARHDRSZ + NACHET_SHA256_BYTES);

	SET_VARSIZE(value, VARHDRSZ + NACHET_SHA256_BYTES);
	memcpy(VARDATA(value), sha256, NACHET_SHA256_BYTES);
	return PointerGetDatum(value);
}

void
nachet_content_check_sha256(Datum *sha256s, int count)
{
	for (int i = 0; i < count; i++)
	{
		int length = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(sha256s[i]));

		if (length != NACHET_SHA256_BYTES)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("SHA-256 number %d has %d bytes instead of %d", i + 1, length,
			                       NACHET_SHA256_BYTES)));
	}
}

int
nachet_content_compare_sha256(const void *a, const void *b)
{
	return memcmp(VARDATA_ANY(DatumGetPointer(*(const Datum *) a)),
	              VARDATA_ANY(DatumGetPointer(*(const Datum *) b)), NACHET_SHA256_BYTES);
}

/* --- which contents are stored ---------------------------------------------------------------- */

int
nachet_content_find_missing(Datum *sha256s, int count, Datum *missing)
{
	NachetIndexScan contents;
	Datum *sorted = palloc(Max(count, 1) * sizeof(Datum));
	int found = 0;

	nachet_index_scan_open(&contents, "content", "content_sha256_key", 1, GetActiveSnapshot());

	/* Sorted, the probes walk the index in its own order; equal ones are neighbours. */
	memcpy(sorted, sha256s, count * sizeof(Datum));
	qsort(sorted, count, sizeof(Datum), nachet_content_compare_sha256);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && nachet_content_compare_sha256(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		if (!nachet_index_scan_find(&contents, sorted[i], F_BYTEAEQ))
			missing[found++] = sorted[i];
	}
	pfree(sorted);
	nachet_index_scan_close(&contents);
	return found;
}

int
nachet_content_hold(Datum *sha256s, int count, Datum *missing)
{
	NachetArg arg = nachet_sql_array(BYTEAOID, sha256s, NULL, count);
	int found =
	    (int) nachet_sql_run(SPI_OK_SELECT,
	                         "SELECT d.sha256 FROM (SELECT DISTINCT sha256 FROM unnest($1) "
	                         "AS u (sha256) ORDER BY sha256) AS d"
	                         " LEFT JOIN LATERAL (SELECT id FROM nachet.content WHERE sha256 "
	                         "= d.sha256 FOR KEY SHARE) AS c"
	                         " ON true WHERE c.id IS NULL ORDER BY d.sha256",
	                         1, &arg);

	for (int i = 0; i < found; i++)
		missing[i] = nachet_sql_value(i, 0, BYTEAOID);
	return found;
}

/* Answers a call with those SHA-256 of its argument that a function finds missing. */
static Datum
return_missing(FunctionCallInfo fcinfo, int (*find)(Datum *sha256s, int count, Datum *missing))
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool isnull = false;
	Datum *sha256s;
	Datum *missing;
	int count;
	int found;

	nachet_sql_elements(PG_GETARG_ARRAYTYPE_P(0), "list of SHA-256", &sha256s, &count);
	nachet_content_check_sha256(sha256s, count);
	nachet_sql_materialize(fcinfo, 1);
	missing = palloc(Max(count, 1) * sizeof(Datum));
	found = find(sha256s, count, missing);
	for (int i = 0; i < found; i++)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &missing[i], &isnull);
	return (Datum) 0;
}

/*
 * missing_contents(bytea[]) returns setof bytea. Errors: 22023, 22004, 2202E for what is no list of
 * SHA-256.
 */
Datum
missing_contents(PG_FUNCTION_ARGS)
{
	return return_missing(fcinfo, nachet_content_find_missing);
}

/*
 * hold_contents(bytea[]) returns setof bytea: the same, and those that are stored are held to the
 * transaction's end. Errors: as missing_contents, and 25006 on a standby.
 */
Datum
hold_contents(PG_FUNCTION_ARGS)
{
	SPI_connect();
	(void) return_missing(fcinfo, nachet_content_hold);
	SPI_finish();
	return (Datum) 0;
}

/* chunk_size() returns integer: the most bytes of a chunk. */
Datum
chunk_size(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(NACHET_CHUNK_SIZE);
}
