/*
 * extension/offload/worker.c
 *		Background workers that move contents without being asked, one for each database named.
 *
 * A launcher, which is connected to no database, starts a worker for each at every naptime. A
 * worker moves contents in transactions of its own, in batches small enough that rows are not
 * locked for long, and ends when nothing is left to move: so an idle database has no connection
 * that would keep it from being copied, renamed or dropped. An error ends the worker, as it would a
 * session; the log has the error, and the launcher starts another at the next naptime. On a standby
 * all wait for the promotion.
 *
 * A worker connects as the bootstrap superuser, to a database whose owner may be none, and whose
 * tables may have others' triggers. Rule: no SQL runs, and no transaction commits, but with the
 * rights of nachet_owner and with a search_path that is set here.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "offload/offload.h"
#include "offload/worker.h"
#include "settings.h"

/* The maximum that one transaction moves. */
#define BATCH_COUNT INT64CONST(200)
#define BATCH_BYTES (INT64CONST(256) * 1024 * 1024)

/* After so long the postmaster starts a launcher again that failed. */
#define RESTART_SECONDS 30

/* How long the launcher waits when it is to start nothing. A reload of the settings wakes it. */
#define IDLE_SECONDS 60

extern PGDLLEXPORT void nachet_offload_launcher_main(Datum argument);
extern PGDLLEXPORT void nachet_offload_worker_main(Datum argument);

/* The databases that are named, a list of char * in the current memory context. */
static List *
named_databases(void)
{
	List *names = NIL;

	(void) SplitIdentifierString(pstrdup(nachet_object_store_databases), ',', &names);
	return names;
}

static bool
is_named(const char *database)
{
	ListCell *cell;

	foreach (cell, named_databases())
	{
		if (strcmp(lfirst(cell), database) == 0)
			return true;
	}
	return false;
}

static BackgroundWorker
describe_worker(const char *type, const char *function)
{
	BackgroundWorker worker = {.bgw_flags =
	                               BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
	                           .bgw_start_time = BgWorkerStart_RecoveryFinished};

	strlcpy(worker.bgw_name, type, BGW_MAXLEN);
	strlcpy(worker.bgw_type, type, BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "nachet_datastore", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, function, BGW_MAXLEN);
	return worker;
}

void
nachet_offload_worker_register(void)
{
	BackgroundWorker launcher = describe_worker("nachet launcher", "nachet_offload_launcher_main");

	launcher.bgw_restart_time = RESTART_SECONDS;
	if (process_shared_preload_libraries_in_progress)
		RegisterBackgroundWorker(&launcher);
}

static void
reload_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

/* --- the launcher ----------------------------------------------------------------------------- */

/* A database that was named once. */
typedef struct Watched
{
	char name[NAMEDATALEN];
	BackgroundWorkerHandle *worker; /* the last one; NULL: it has ended */
	bool is_missing;
} Watched;

static List *watched = NIL;

static Watched *
watch(const char *name)
{
	MemoryContext caller;
	Watched *database;
	ListCell *cell;

	foreach (cell, watched)
	{
		if (strcmp(((Watched *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	database = palloc0(sizeof(Watched));
	strlcpy(database->name, name, NAMEDATALEN);
	watched = lappend(watched, database);
	MemoryContextSwitchTo(caller);
	return database;
}

static bool
has_worker(Watched *database)
{
	pid_t pid;

	if (database->worker == NULL)
		return false;
	if (GetBackgroundWorkerPid(database->worker, &pid) != BGWH_STOPPED)
		return true;
	pfree(database->worker);
	database->worker = NULL;
	return false;
}

static void
start_worker(Watched *database, Oid oid)
{
	BackgroundWorker worker = describe_worker("nachet offload", "nachet_offload_worker_main");
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	snprintf(worker.bgw_name, BGW_MAXLEN, "nachet offload %s", database->name);
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = ObjectIdGetDatum(oid);
	strlcpy(worker.bgw_extra, database->name, BGW_EXTRALEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &database->worker))
	{
		database->worker = NULL;
		ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
		                  errmsg("no background worker is free to move contents of database \"%s\"",
		                         database->name),
		                  errhint("Increase max_worker_processes.")));
	}
	MemoryContextSwitchTo(caller);
}

/*
 * A database's OID, or InvalidOid. Read without an index: what has no database of its own may not
 * have those of shared catalogs at hand.
 */
static Oid
find_database(const char *name)
{
	Oid oid = InvalidOid;
	Relation catalog;
	TableScanDesc scan;
	HeapTuple row;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	catalog = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(catalog, 0, NULL);
	while (HeapTupleIsValid(row = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(row);

		if (strcmp(NameStr(form->datname), name) == 0)
			oid = form->oid;
	}
	table_endscan(scan);
	table_close(catalog, AccessShareLock);
	CommitTransactionCommand();
	return oid;
}

/* Starts a worker for a database that has none. One that does not exist is reported once. */
static void
launch(Watched *database)
{
	Oid oid;

	if (has_worker(database))
		return;
	oid = find_database(database->name);
	if (OidIsValid(oid))
		start_worker(database, oid);
	else if (!database->is_missing)
		ereport(WARNING, (errcode(ERRCODE_UNDEFINED_DATABASE),
		                  errmsg("database \"%s\" in nachet.object_store_databases does not exist",
		                         database->name)));
	database->is_missing = !OidIsValid(oid);
}

static void
launch_all(MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	List *names = named_databases();
	ListCell *cell;

	foreach (cell, names)
	{
		launch(watch(lfirst(cell)));
		MemoryContextSwitchTo(context); /* a commit leaves another */
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(context);
}

void
nachet_offload_launcher_main(Datum argument)
{
	MemoryContext context =
	    AllocSetContextCreate(TopMemoryContext, "nachet launcher", ALLOCSET_DEFAULT_SIZES);

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	while (!ShutdownRequestPending)
	{
		CHECK_FOR_INTERRUPTS();
		reload_settings();
		if (nachet_object_store_naptime > 0)
			launch_all(context);
		(void) WaitLatch(
		    MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
		    (nachet_object_store_naptime > 0 ? nachet_object_store_naptime : IDLE_SECONDS) * 1000L,
		    PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	proc_exit(1); /* one that an administrator has ended is started again */
}

/* --- a worker --------------------------------------------------------------------------------- */

/*
 * Settings of a database that a worker overrides: they would have its transactions fail. Those that
 * this PostgreSQL doesn't have are left out.
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
 * Moves one batch, in the current transaction; returns whether there may be more. Names in SQL are
 * looked up in pg_catalog first, whatever the database or code in it has set.
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
 * Moves one batch, in a transaction of its own; returns whether there may be more. All of it runs
 * with the rights of nachet_owner, the commit included, which fires deferred triggers; no code in
 * it can change that (SECURITY_LOCAL_USERID_CHANGE).
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

/* argument is the database's OID; bgw_extra has its name. */
void
nachet_offload_worker_main(Datum argument)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(argument), InvalidOid, 0);
	override_settings();
	while (nachet_object_store_naptime > 0 && is_named(MyBgworkerEntry->bgw_extra) && move_batch())
	{
		CHECK_FOR_INTERRUPTS();
		reload_settings();
	}
	proc_exit(0);
}
