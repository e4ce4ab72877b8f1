/*
 * extension/contents/facts.c
 *		What stored bytes are as a picture, and why they are none.
 *
 * Sealing has judged each content and kept what it found of a picture, but not why bytes are none:
 * that is read again from the bytes, which never change. The rules may: what an earlier version
 * refused may be a picture by now.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "contents/content.h"
#include "contents/facts.h"
#include "contents/index_scan.h"
#include "hash.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(content_facts);

/* The columns of content_facts, from 0. */
enum
{
	FACT_SHA256,
	FACT_BYTE_SIZE,
	FACT_FORMAT,
	FACT_WIDTH,
	FACT_HEIGHT,
	FACT_REASON,
	FACT_CODE, /* since 1.2 */
	FACT_COUNT
};

const char *
nachet_facts_judge(NachetChunkReader *reader, const NachetContent *content, NachetPicture *picture)
{
	nachet_chunk_reader_select(reader, content);
	(void) nachet_chunk_reader_picture(reader, false, picture);
	return picture->reason;
}

static void
facts_of_picture(const NachetPicture *picture, Datum *values, bool *nulls)
{
	nulls[FACT_REASON] = nulls[FACT_CODE] = picture->reason == NULL;
	nulls[FACT_FORMAT] = nulls[FACT_WIDTH] = nulls[FACT_HEIGHT] = picture->reason != NULL;
	if (picture->reason != NULL)
	{
		values[FACT_REASON] = CStringGetTextDatum(picture->reason);
		values[FACT_CODE] = CStringGetTextDatum(nachet_picture_code(picture->status));
	}
	else
	{
		values[FACT_FORMAT] = CStringGetTextDatum(picture->format);
		values[FACT_WIDTH] = Int32GetDatum((int32) picture->width);
		values[FACT_HEIGHT] = Int32GetDatum((int32) picture->height);
	}
}

/* The facts of a picture, or of bytes that were none when they were stored. */
static void
facts_of_content(const NachetContent *content, NachetChunkReader *reader, Datum *values,
                 bool *nulls)
{
	NachetPicture picture = {
	    .format = content->format, .width = content->width, .height = content->height};

	values[FACT_BYTE_SIZE] = Int64GetDatum(content->byte_size);
	if (content->format == NULL)
		(void) nachet_facts_judge(reader, content, &picture);
	facts_of_picture(&picture, values, nulls);
}

/* Finds the content of a SHA-256. That of no bytes is never stored, and counts as found. */
static bool
find_content(NachetIndexScan *contents, Datum sha256, NachetContent *content)
{
	uint8 of_no_bytes[NACHET_SHA256_BYTES];

	if (nachet_index_scan_find(contents, sha256, F_BYTEAEQ))
	{
		nachet_content_of_slot(contents->slot, content);
		return true;
	}
	memset(content, 0, sizeof(NachetContent));
	nachet_hash_bytes(PG_SHA256, "", 0, of_no_bytes, NACHET_SHA256_BYTES);
	return memcmp(VARDATA_ANY(DatumGetPointer(sha256)), of_no_bytes, NACHET_SHA256_BYTES) == 0;
}

/* As many as the function is declared with, if that is what a version has: 1.1 has no code. */
static int
fact_columns(const ReturnSetInfo *rsinfo)
{
	if (rsinfo != NULL && IsA(rsinfo, ReturnSetInfo) && rsinfo->expectedDesc != NULL &&
	    rsinfo->expectedDesc->natts == FACT_CODE)
		return FACT_CODE;
	return FACT_COUNT;
}

/*
 * content_facts(digests bytea[]) returns table (sha256, byte_size, format, width, height, reason,
 * code): a row for each that is stored, or that of no bytes; each once. Errors:
 * 22023, 22004, 2202E for what is no list of SHA-256.
 */
Datum
content_facts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Snapshot snapshot = GetActiveSnapshot();
	NachetIndexScan contents;
	NachetChunkReader *reader;
	NachetContent content;
	MemoryContext item;
	MemoryContext caller;
	Datum *sha256s;
	int count;

	nachet_sql_elements(PG_GETARG_ARRAYTYPE_P(0), "list of SHA-256", &sha256s, &count);
	nachet_content_check_sha256(sha256s, count);
	nachet_sql_materialize(fcinfo, fact_columns(rsinfo));
	qsort(sha256s, count, sizeof(Datum), nachet_content_compare_sha256);
	nachet_index_scan_open(&contents, "content", "content_sha256_key", 1, snapshot);
	reader = nachet_chunk_reader_open(snapshot);
	item = AllocSetContextCreate(CurrentMemoryContext, "nachet facts", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(item);
	for (int i = 0; i < count; i++)
	{
		Datum values[FACT_COUNT] = {sha256s[i]};
		bool nulls[FACT_COUNT] = {false};

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(item);
		if ((i > 0 && nachet_content_compare_sha256(&sha256s[i - 1], &sha256s[i]) == 0) ||
		    !find_content(&contents, sha256s[i], &content))
			continue;
		facts_of_content(&content, reader, values, nulls);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(item);
	nachet_chunk_reader_close(reader);
	nachet_index_scan_close(&contents);
	return (Datum) 0;
}
