/*
 * extension/sets/set_contents.c
 *		The contents that a picture set is made of: there, held, and pictures.
 *
 * The subquery is run for each SHA-256, an index probe whatever the planner thinks of the tables'
 * sizes; only what is wrong comes back.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "contents/chunk_reader.h"
#include "contents/content.h"
#include "contents/facts.h"
#include "errcodes.h"
#include "pure/hex.h"
#include "sets/flaws.h"
#include "sets/set_contents.h"
#include "sql.h"

/* The contents without a format, and with a LEFT join those that are not stored. */
#define UNFIT_CONTENTS(join, mode)                                                                 \
	"SELECT c.id, u.sha256, c.byte_size, c.chunk_size"                                             \
	" FROM (SELECT DISTINCT sha256 FROM unnest($1) AS d (sha256) ORDER BY sha256) AS u " join      \
	" JOIN LATERAL (SELECT id, byte_size, chunk_size, format FROM nachet.content"                  \
	"  WHERE sha256 = u.sha256 " mode ") AS c ON true"                                             \
	" WHERE c.format IS NULL"

/* Those that are stored, without a lock. */
#define UNFIT_STORED UNFIT_CONTENTS("INNER", "OFFSET 0")

static void
contents_missing(uint64 rows)
{
	NachetFlaws flaws;

	nachet_flaws_init(&flaws);
	for (uint64 i = 0; i < rows; i++)
	{
		char hex[2 * NACHET_SHA256_BYTES + 1];
		Datum sha256 = nachet_sql_value(i, 1, BYTEAOID);

		if (nachet_sql_bigint(i, 0) != 0)
			continue;
		nachet_hex_encode((unsigned char *) VARDATA_ANY(DatumGetPointer(sha256)),
		                  NACHET_SHA256_BYTES, hex);
		nachet_flaws_add(&flaws, hex, 2 * NACHET_SHA256_BYTES, "not stored", "not_stored");
	}
	if (flaws.count > 0)
		ereport(ERROR, (errcode(ERRCODE_NACHET_CONTENTS_MISSING),
		                errmsg_plural("%d content is missing", "%d contents are missing",
		                              flaws.count, flaws.count),
		                errdetail_internal("%s", nachet_flaws_text(&flaws)),
		                errhint("Find the missing contents with nachet.missing_contents(bytea[]), "
		                        "store them, and upload the set again.")));
}

/* Writes down that a content is a picture, which an earlier version had refused. */
static void
accept_content(int64 id, const NachetPicture *picture)
{
	NachetArg args[4] = {NACHET_BIGINT(id), NACHET_TEXT(picture->format),
	                     NACHET_INTEGER((int32) picture->width),
	                     NACHET_INTEGER((int32) picture->height)};

	(void) nachet_sql_run(SPI_OK_UPDATE,
	                      "UPDATE nachet.content SET format = $2, width = $3, height = $4"
	                      " WHERE id = $1 AND format IS NULL",
	                      4, args);
}

/*
 * Judges the contents without a format that SPI's result names, until as many flaws are found as
 * are listed. Each that is no picture is added under the names of its pictures; those that are by
 * now are written down as such if hold is set. Returns how many were judged.
 */
static uint64
judge_contents(const NachetUpload *upload, uint64 rows, bool hold, NachetFlaws *flaws)
{
	SPITupleTable *contents = SPI_tuptable;
	Snapshot now = RegisterSnapshot(GetTransactionSnapshot());
	NachetChunkReader *reader = nachet_chunk_reader_open(now);
	uint64 i;

	for (i = 0; i < rows && flaws->count < NACHET_FLAWS_SHOWN; i++)
	{
		NachetContent content;
		NachetPicture picture;
		const char *flaw;

		nachet_content_of_result(contents, i, &content);
		flaw = nachet_facts_judge(reader, &content, &picture);
		if (flaw == NULL && hold)
			accept_content(content.id, &picture);
		for (int n = 0; n < upload->count && flaw != NULL; n++)
			if (memcmp(VARDATA_ANY(DatumGetPointer(upload->sha256s[n])), content.sha256,
			           NACHET_SHA256_BYTES) == 0)
				nachet_flaws_add(flaws, VARDATA_ANY(DatumGetPointer(upload->names[n])),
				                 (int) VARSIZE_ANY_EXHDR(DatumGetPointer(upload->names[n])), flaw,
				                 nachet_picture_code(picture.status));
	}
	nachet_chunk_reader_close(reader);
	UnregisterSnapshot(now);
	return i;
}

/*
 * Judges the contents without a format that SPI's result names, and raises NC003 for those that are
 * no pictures.
 */
static void
contents_no_pictures(const NachetUpload *upload, uint64 rows, bool hold)
{
	NachetFlaws flaws;
	uint64 judged;

	nachet_flaws_init(&flaws);
	judged = judge_contents(upload, rows, hold, &flaws);
	if (flaws.count == 0)
		return;
	ereport(ERROR, (errcode(ERRCODE_NACHET_NOT_A_PICTURE),
	                judged < rows
	                    ? errmsg("at least %d pictures are not acceptable", flaws.count)
	                    : errmsg_plural("%d picture is not acceptable",
	                                    "%d pictures are not acceptable", flaws.count, flaws.count),
	                errdetail_internal("%s", nachet_flaws_text(&flaws)),
	                errhint("Acceptable pictures are complete " NACHET_PICTURE_FORMATS " files.")));
}

/* The contents of an upload that a statement finds unfit. */
static uint64
unfit_contents(const NachetUpload *upload, const char *sql)
{
	NachetArg sha256s = nachet_sql_array(BYTEAOID, upload->sha256s, NULL, upload->count);
	uint64 rows = nachet_sql_run(SPI_OK_SELECT, sql, 1, &sha256s);

	pfree(DatumGetPointer(sha256s.value));
	return rows;
}

void
nachet_set_contents_hold(const NachetUpload *upload)
{
	uint64 rows = unfit_contents(upload, UNFIT_CONTENTS("LEFT", "FOR KEY SHARE"));

	if (rows == 0)
		return;
	contents_missing(rows);
	contents_no_pictures(upload, rows, true);
}

int
nachet_set_contents_flaws(const NachetUpload *upload, NachetFlaws *flaws)
{
	uint64 rows = unfit_contents(upload, UNFIT_STORED);
	SPITupleTable *contents = SPI_tuptable;
	uint64 judged = judge_contents(upload, rows, false, flaws);
	Datum *rest = palloc(Max(rows - judged, 1) * sizeof(Datum));
	int unjudged = 0;
	bool isnull;

	for (uint64 i = judged; i < rows; i++)
		rest[i - judged] = SPI_getbinval(contents->vals[i], contents->tupdesc, 2, &isnull);
	for (int n = 0; n < upload->count && judged < rows; n++)
	{
		CHECK_FOR_INTERRUPTS();
		if (bsearch(&upload->sha256s[n], rest, rows - judged, sizeof(Datum),
		            nachet_content_compare_sha256) != NULL)
			unjudged++;
	}
	return unjudged;
}

void
nachet_set_contents_check(const NachetUpload *upload)
{
	uint64 rows = unfit_contents(upload, UNFIT_STORED);

	if (rows > 0)
		contents_no_pictures(upload, rows, false);
}
