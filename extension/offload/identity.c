/*
 * extension/offload/identity.c
 *		Whose objects those under a prefix are.
 *
 * Two databases that write under one prefix would in time delete each other's objects. So a
 * database writes and deletes under its own prefix only, and notes beside it what it is itself: the
 * cluster's system identifier, its own OID and the timeline. Every copy that PostgreSQL can tell
 * from its original differs in one of them: one that was dumped and restored, made by CREATE
 * DATABASE ... TEMPLATE or pg_upgrade (system identifier, OID), promoted or recovered to a point in
 * time (timeline). A copy of the files of a server that is then just started differs in none: only
 * who makes it can know. A copy goes on reading; before it writes or deletes, an administrator says
 * which it is: what the original has become, or another one.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "compat.h"
#include "offload/identity.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(adopt_object_store);
PG_FUNCTION_INFO_V1(renew_object_store_prefix);

/* What this database is, as three parameters. */
static void
own_identity(NachetArg *args)
{
	args[0] = NACHET_BIGINT((int64) GetSystemIdentifier());
	args[1] = NACHET_BIGINT((int64) MyDatabaseId);
	args[2] = NACHET_BIGINT((int64) nachet_timeline());
}

static void
refuse_copy(const char *prefix, bool other_cluster, bool other_database)
{
	ereport(ERROR,
	        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
	         errmsg("objects under prefix \"%s\" may belong to another database", prefix),
	         errdetail("The prefix was created by %s, and this database is a copy of it.",
	                   other_cluster    ? "a database of another cluster"
	                   : other_database ? "another database of this cluster"
	                                    : "this database on an earlier timeline"),
	         errhint("If the original no longer exists, run SELECT nachet.adopt_object_store(); if "
	                 "it is still in use, run SELECT nachet.renew_object_store_prefix().")));
}

char *
nachet_identity_claim(const NachetObjectStore *store)
{
	NachetArg args[4];
	char *prefix;
	bool same[3];

	own_identity(args);
	args[3] = NACHET_TEXT(store->location);
	(void) nachet_sql_run(SPI_OK_INSERT,
	                      "INSERT INTO nachet.object_store"
	                      " (prefix, system_identifier, database_oid, timeline, location)"
	                      " VALUES (nachet.uuidv7()::text, $1, $2, $3, $4) ON CONFLICT DO NOTHING",
	                      4, args);
	if (nachet_sql_run(SPI_OK_SELECT,
	                   "SELECT prefix, system_identifier = $1, database_oid = $2, timeline = $3,"
	                   " location IS NOT DISTINCT FROM $4 FROM nachet.object_store",
	                   4, args) != 1)
		elog(ERROR, "nachet.object_store has no row");
	prefix = TextDatumGetCString(nachet_sql_value(0, 0, TEXTOID));
	for (int i = 0; i < 3; i++)
		same[i] = DatumGetBool(nachet_sql_value(0, i + 1, BOOLOID));
	if (!same[0] || !same[1] || !same[2])
		refuse_copy(prefix, !same[0], !same[1]);
	if (!DatumGetBool(nachet_sql_value(0, 4, BOOLOID)))
		(void) nachet_sql_run(SPI_OK_UPDATE, "UPDATE nachet.object_store SET location = $1", 1,
		                      &args[3]);
	return prefix;
}

/*
 * Runs a statement that takes the prefix on, and returns the prefix, or NULL if there is none yet.
 */
static char *
update_prefix(const char *sql)
{
	NachetArg args[3];

	own_identity(args);
	if (nachet_sql_run(SPI_OK_UPDATE_RETURNING, sql, 3, args) == 0)
		return NULL;
	return TextDatumGetCString(nachet_sql_value(0, 0, TEXTOID));
}

/* What these functions return, out of SPI's memory. */
static Datum
return_prefix(FunctionCallInfo fcinfo, const char *prefix)
{
	Datum result = (Datum) 0;

	if (prefix != NULL)
		result = SPI_datumTransfer(CStringGetTextDatum(prefix), false, -1);
	SPI_finish();
	if (prefix == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/*
 * adopt_object_store() returns text: from now on the objects under the prefix are this database's,
 * and no other's; returns the prefix, or NULL if none has been taken yet.
 */
Datum
adopt_object_store(PG_FUNCTION_ARGS)
{
	SPI_connect();
	return return_prefix(
	    fcinfo, update_prefix("UPDATE nachet.object_store"
	                          " SET system_identifier = $1, database_oid = $2, timeline = $3"
	                          " RETURNING prefix"));
}

/*
 * renew_object_store_prefix() returns text: a new prefix for what this database moves from now on;
 * what it reads under the old one it never deletes, so that what is queued there leaves the queue.
 * Returns the new prefix, or NULL if none has been taken yet.
 */
Datum
renew_object_store_prefix(PG_FUNCTION_ARGS)
{
	char *prefix;

	SPI_connect();
	prefix = update_prefix("UPDATE nachet.object_store SET prefix = nachet.uuidv7()::text,"
	                       " system_identifier = $1, database_oid = $2, timeline = $3"
	                       " RETURNING prefix");
	if (prefix != NULL)
	{
		NachetArg arg = NACHET_TEXT(prefix);

		(void) nachet_sql_run(SPI_OK_DELETE,
		                      "DELETE FROM nachet.object_deletion d"
		                      " WHERE strpos(d.object_url, '/' || $1 || '/') = 0",
		                      1, &arg);
	}
	return return_prefix(fcinfo, prefix);
}
