/*
 * extension/verify/run.c
 *		A run over all contents, in slices that are committed one by one.
 *
 * A run is cut into ranges of ids. Whoever works on a range holds its row locked, verifies a slice
 * of it, notes how far that came together with what it found, and commits: so several sessions
 * share one run, one that is broken off loses its last slice alone, and whoever comes next goes on
 * there. Ids are cut without a look at the contents, which may be damaged.
 *
 * The procedure commits, so it can neither be SECURITY DEFINER nor have a search_path of its own:
 * it only calls the two functions that do the work, which have both.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "sql.h"
#include "verify/verify.h"

PG_FUNCTION_INFO_V1(verify_begin);
PG_FUNCTION_INFO_V1(verify_next);
PG_FUNCTION_INFO_V1(verify_all);

/*
 * One range is what one session works on at a time: at most so many, and none of fewer ids than
 * that.
 */
#define MAX_RANGES "1000"
#define MIN_RANGE  "100"

/* The first column of the statement's one row. */
static int64
query_bigint(int expected, const char *sql, int nargs, const NachetArg *args)
{
	return nachet_sql_run(expected, sql, nargs, args) == 0 ? 0 : nachet_sql_bigint(0, 0);
}

/*
 * verify_begin() returns bigint: the id of the run that is under way, or of a new one. The first
 * range has no lower bound and the last no upper one.
 */
Datum
verify_begin(PG_FUNCTION_ARGS)
{
	NachetArg run = NACHET_PARAM(INT8OID, (Datum) 0);
	int64 id;

	SPI_connect();
	id = query_bigint(SPI_OK_INSERT_RETURNING,
	                  "INSERT INTO nachet.verify_run DEFAULT VALUES"
	                  " ON CONFLICT ((true)) WHERE finished_at IS NULL DO NOTHING RETURNING id",
	                  0, NULL);
	if (id != 0)
	{
		run.value = Int64GetDatum(id);
		(void) nachet_sql_run(SPI_OK_DELETE, "DELETE FROM nachet.verify_range WHERE run_id <> $1",
		                      1, &run);
		(void) nachet_sql_run(
		    SPI_OK_INSERT,
		    "INSERT INTO nachet.verify_range (run_id, next_id, last_id)"
		    " SELECT $1, CASE WHEN n = 0 THEN (-9223372036854775808)::bigint ELSE n * width + 1 "
		    "END,"
		    "  CASE WHEN n = ids / width THEN 9223372036854775807 ELSE (n + 1) * width END"
		    " FROM (SELECT last_value AS ids,"
		    "  greatest(" MIN_RANGE ", last_value / " MAX_RANGES " + 1) AS width"
		    "  FROM nachet.content_id_seq) AS s,"
		    " LATERAL generate_series(0, ids / width) AS n",
		    1, &run);
	}
	else
		id = query_bigint(SPI_OK_SELECT,
		                  "SELECT id FROM nachet.verify_run WHERE finished_at IS NULL", 0, NULL);
	SPI_finish();
	PG_RETURN_INT64(id);
}

/* Locks a range that no session works on; false if there is none. */
static bool
take_range(int64 run_id, NachetVerify *verify)
{
	NachetArg run = NACHET_BIGINT(run_id);

	if (nachet_sql_run(
	        SPI_OK_SELECT,
	        "SELECT next_id, last_id FROM nachet.verify_range WHERE run_id = $1 AND NOT done"
	        " ORDER BY last_id LIMIT 1 FOR UPDATE SKIP LOCKED",
	        1, &run) == 0)
		return false;
	verify->next = nachet_sql_bigint(0, 0);
	verify->last = nachet_sql_bigint(0, 1);
	return true;
}

/* Notes how far a range has come. */
static void
note_range(int64 run_id, const NachetVerify *verify)
{
	NachetArg args[7] = {
	    NACHET_BIGINT(run_id),           NACHET_BIGINT(verify->last),
	    NACHET_BIGINT(verify->next),     NACHET_PARAM(BOOLOID, BoolGetDatum(verify->complete)),
	    NACHET_BIGINT(verify->contents), NACHET_BIGINT(verify->bytes),
	    NACHET_BIGINT(verify->findings),
	};

	(void) nachet_sql_run(SPI_OK_UPDATE,
	                      "UPDATE nachet.verify_range SET next_id = $3, done = $4,"
	                      " contents = contents + $5, bytes = bytes + $6, findings = findings + $7"
	                      " WHERE run_id = $1 AND last_id = $2",
	                      7, args);
}

/* Keeps the findings, and warns of each. */
static void
keep_findings(int64 run_id, Tuplestorestate *findings, TupleDesc shape)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(shape, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(findings, true, false, slot))
	{
		NachetArg args[NACHET_FINDING_COLUMNS + 1] = {NACHET_BIGINT(run_id)};
		char *detail;

		slot_getallattrs(slot);
		for (int i = 0; i < NACHET_FINDING_COLUMNS; i++)
			args[i + 1] = (NachetArg){TupleDescAttr(shape, i)->atttypid, slot->tts_values[i],
			                          slot->tts_isnull[i]};
		(void) nachet_sql_run(SPI_OK_INSERT,
		                      "INSERT INTO nachet.verify_finding"
		                      " (run_id, content_id, sha256, flaw, detail, picture_ids)"
		                      " VALUES ($1, $2, $3, $4, $5, $6)",
		                      NACHET_FINDING_COLUMNS + 1, args);
		detail = psprintf("%s: %s", TextDatumGetCString(slot->tts_values[NACHET_FINDING_FLAW]),
		                  TextDatumGetCString(slot->tts_values[NACHET_FINDING_DETAIL]));
		if (slot->tts_isnull[NACHET_FINDING_CONTENT_ID])
			ereport(WARNING, (errcode(ERRCODE_DATA_CORRUPTED), errmsg_internal("%s", detail)));
		else
			ereport(WARNING,
			        (errcode(ERRCODE_DATA_CORRUPTED),
			         errmsg("content " INT64_FORMAT " is damaged: %s",
			                DatumGetInt64(slot->tts_values[NACHET_FINDING_CONTENT_ID]), detail)));
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* The shape of verify_finding from content_id on, as verify_contents has it. */
static TupleDesc
finding_shape(void)
{
	TupleDesc shape = CreateTemplateTupleDesc(NACHET_FINDING_COLUMNS);

	TupleDescInitEntry(shape, 1, "content_id", INT8OID, -1, 0);
	TupleDescInitEntry(shape, 2, "sha256", BYTEAOID, -1, 0);
	TupleDescInitEntry(shape, 3, "flaw", TEXTOID, -1, 0);
	TupleDescInitEntry(shape, 4, "detail", TEXTOID, -1, 0);
	TupleDescInitEntry(shape, 5, "picture_ids", UUIDARRAYOID, -1, 0);
	return shape;
}

/*
 * verify_next(run_id bigint, max_bytes bigint) returns boolean: verifies one slice of a run that
 * nobody else works on. False if none is left; the run is then finished, unless others still
 * work on it.
 */
Datum
verify_next(PG_FUNCTION_ARGS)
{
	int64 run_id = PG_GETARG_INT64(0);
	NachetVerify verify = {.limit = PG_GETARG_INT64(1)};
	NachetArg run = NACHET_BIGINT(run_id);
	bool taken;

	if (verify.limit < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("max_bytes must be greater than 0")));
	SPI_connect();
	taken = take_range(run_id, &verify);
	if (taken)
	{
		Tuplestorestate *findings = tuplestore_begin_heap(false, false, work_mem);
		TupleDesc shape = finding_shape();

		nachet_verify(&verify, findings, shape);
		note_range(run_id, &verify);
		keep_findings(run_id, findings, shape);
		tuplestore_end(findings);
	}
	else
		(void) nachet_sql_run(SPI_OK_UPDATE,
		                      "UPDATE nachet.verify_run SET finished_at = clock_timestamp()"
		                      " WHERE id = $1 AND finished_at IS NULL AND NOT EXISTS"
		                      " (SELECT FROM nachet.verify_range WHERE run_id = $1 AND NOT done)",
		                      1, &run);
	SPI_finish();
	PG_RETURN_BOOL(taken);
}

/*
 * verify_all(max_bytes bigint, INOUT findings bigint): verifies all contents, committing after each
 * slice of about that many bytes; goes on with a run that was broken off, and shares one that is
 * under way. Answers the findings of the run so far. Errors: 25001 inside a transaction block.
 */
Datum
verify_all(PG_FUNCTION_ARGS)
{
	NachetArg args[2] = {NACHET_PARAM(INT8OID, (Datum) 0),
	                     NACHET_PARAM(INT8OID, PG_GETARG_DATUM(0))};
	int64 findings;

	nachet_sql_require_nonatomic(
	    fcinfo, "verify_all",
	    "Inside a transaction block, use SELECT * FROM nachet.verify_contents().");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("max_bytes must not be null")));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	args[0].value =
	    Int64GetDatum(query_bigint(SPI_OK_SELECT, "SELECT nachet.verify_begin()", 0, NULL));
	SPI_commit();
	for (bool more = true; more;)
	{
		CHECK_FOR_INTERRUPTS();
		(void) nachet_sql_run(SPI_OK_SELECT, "SELECT nachet.verify_next($1, $2)", 2, args);
		more = DatumGetBool(nachet_sql_value(0, 0, BOOLOID));
		SPI_freetuptable(SPI_tuptable);
		SPI_commit();
	}
	findings = query_bigint(
	    SPI_OK_SELECT,
	    "SELECT findings FROM nachet.verify_progress WHERE run_id OPERATOR(pg_catalog.=) $1", 1,
	    args);
	SPI_finish();
	PG_RETURN_DATUM(nachet_sql_bigint_row(fcinfo, &findings, 1));
}
