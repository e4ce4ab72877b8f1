/*
 * extension/offload_worker.c
 *		Background workers that move contents without being asked, one for each database named.
 *
 * A worker's turn is nachet.offload_contents in a transaction of its own, in batches small enough that rows
 * are not held locked for long; it goes on as long as there is something to move, then naps. An error
 * ends the worker, as it would a session; the postmaster starts it anew after a pause, and the log says why.
 * On a standby it waits until that is promoted. What a database sets (ALTER DATABASE ... SET) holds for it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "object_settings.h"
#include "offload_worker.h"
#include "query.h"

/* What one transaction moves at most, and how long a worker that failed stays away. */
#define BATCH_COUNT     INT64CONST(200)
#define BATCH_BYTES     (INT64CONST(256) * 1024 * 1024)
#define RESTART_SECONDS 30

extern PGDLLEXPORT void nachet_offload_worker_main(Datum argument);

static char *databases = NULL;
static int naptime = 60;

/* --- registration -------------------------------------------------------------------------------------- */

static void
register_worker(const char *database)
{
	BackgroundWorker worker = {.bgw_flags =
	                               BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
	                           .bgw_start_time = BgWorkerStart_RecoveryFinished,
	                           .bgw_restart_time = RESTART_SECONDS};

	snprintf(worker.bgw_name, BGW_MAXLEN, "nachet offload %s", database);
	strlcpy(worker.bgw_type, "nachet offload", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nachet_datastore", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "nachet_offload_worker_main", BGW_MAXLEN);
	strlcpy(worker.bgw_extra, database, BGW_EXTRALEN);
	RegisterBackgroundWorker(&worker);
}

static bool
check_databases(char **value, void **extra, GucSource source)
{
	char *copy = pstrdup(*value);
	List *names;
	bool valid = SplitIdentifierString(copy, ',', &names);

	if (!valid)
		GUC_check_errdetail("It must be a list of databases, separated by commas.");
	pfree(copy);
	return valid;
}

void
nachet_offload_worker_define(void)
{
	List *names;
	ListCell *cell;

	DefineCustomIntVariable("nachet.object_store_naptime",
	                        "How long a worker waits before it looks again for contents to move.",
	                        "0: it moves nothing.", &naptime, 60, 0, 86400, PGC_SIGHUP, GUC_UNIT_S,
	                        NULL, NULL, NULL);
	if (!process_shared_preload_libraries_in_progress)
		return;
	DefineCustomStringVariable("nachet.object_store_databases",
	                           "The databases in which background workers move contents.",
	                           "Names separated by commas; empty: none.", &databases, "",
	                           PGC_POSTMASTER, 0, check_databases, NULL, NULL);
	if (SplitIdentifierString(pstrdup(databases), ',', &names))
		foreach (cell, names)
			register_worker(lfirst(cell));
}

/* --- a worker ------------------------------------------------------------------------------------------ */

/* Moves one batch; returns whether there may be more. */
static bool
move_batch(void)
{
	NachetArg args[2] = {NACHET_PARAM(INT8OID, Int64GetDatum(BATCH_COUNT)),
	                     NACHET_PARAM(INT8OID, Int64GetDatum(BATCH_BYTES))};
	bool more = false;
	bool isnull;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "nachet.offload_contents");
	if (OidIsValid(get_extension_oid("nachet_datastore", true)) && *nachet_object_store != '\0')
	{
		(void) nachet_query(
		    SPI_OK_SELECT, "SELECT contents + deleted, failed FROM nachet.offload_contents($1, $2)",
		    2, args);
		more = DatumGetInt64(nachet_query_value(0, 0, &isnull)) > 0 &&
		       DatumGetInt64(nachet_query_value(0, 1, &isnull)) == 0;
	}
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return more;
}

static void
nap(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
	                 naptime > 0 ? naptime * 1000L : 60000L, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

void
nachet_offload_worker_main(Datum argument)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(MyBgworkerEntry->bgw_extra, NULL, 0);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		if (naptime == 0 || !move_batch())
			nap();
	}
}
