/*
 * extension/offload_worker.c
 *		Background workers that move contents without being asked, one for each database named.
 *
 * A worker moves contents in transactions of its own, in batches small enough that rows are not locked for
 * long; it continues as long as there is something to move, then naps. An error ends the worker, as it
 * would a session; the postmaster starts it again after a pause, and the log has the error. On a standby
 * it waits for the promotion.
 *
 * A worker connects as the bootstrap superuser, to a database whose owner may be none, and whose tables may
 * have others' triggers. Rule: no SQL runs, and no transaction commits, but with the rights of
 * nachet_owner and with a search_path that is set here.
 */
#include "postgres.h"

#include "access/xact.h"
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
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "object_settings.h"
#include "offload.h"
#include "offload_worker.h"

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

/*
 * Settings of a database that a worker overrides: they would have its transactions fail. Those that this
 * PostgreSQL doesn't have are left out.
 */
static void
override_settings(void)
{
	static const struct
	{
		const char *name;
		const char *value;
	} settings[] = {{"default_transaction_isolation", "read committed"},
	                {"transaction_timeout", "0"}};

	for (int i = 0; i < lengthof(settings); i++)
		if (GetConfigOption(settings[i].name, true, false) != NULL)
			SetConfigOption(settings[i].name, settings[i].value, PGC_SUSET, PGC_S_OVERRIDE);
}

/* Whether this database has the extension and a store, and lets its transactions write. */
static bool
can_move(void)
{
	return OidIsValid(get_extension_oid("nachet_datastore", true)) &&
	       *nachet_object_store != '\0' && !XactReadOnly;
}

/*
 * Moves one batch, in the current transaction; returns whether there may be more. Names in SQL are looked
 * up in pg_catalog first, whatever the database or code in it has set.
 */
static bool
move_some(void)
{
	NachetOffloaded done;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
	                         GUC_ACTION_LOCAL, true, 0, false);
	pgstat_report_activity(STATE_RUNNING, "nachet.offload_contents");
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	done = nachet_offload(BATCH_COUNT, BATCH_BYTES);
	PopActiveSnapshot();
	SPI_finish();
	return done.contents + done.deleted > 0 && done.failed == 0;
}

/*
 * Moves one batch, in a transaction of its own; returns whether there may be more. All of it runs with the
 * rights of nachet_owner, the commit included, which fires deferred triggers; no code in it can change
 * that (SECURITY_LOCAL_USERID_CHANGE).
 */
static bool
move_batch(void)
{
	Oid user;
	int context;
	bool more = false;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	GetUserIdAndSecContext(&user, &context);
	if (can_move())
	{
		SetUserIdAndSecContext(get_role_oid("nachet_owner", false),
		                       context | SECURITY_LOCAL_USERID_CHANGE);
		more = move_some();
	}
	CommitTransactionCommand();
	SetUserIdAndSecContext(user, context);
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
	override_settings();
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
