/*
 * loader/session.c
 *		What one run of nachet-load shares: options, console, connections, workers, and the monitor.
 *
 * SIGINT, SIGTERM and SIGUSR2 are blocked in every thread, and the monitor alone waits for them, so that no
 * signal handler and no global is needed. An interrupt sets a flag that the workers look at between
 * pictures, and cancels the statements under way again and again until they have ended: a statement that
 * began just after a cancel is met by the next one. A second interrupt ends the process where it stands,
 * which leaves nothing half-stored: a COPY and a set are each one transaction.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/datastore.h"
#include "exit_codes.h"
#include "session.h"

#define MONITOR_TICK_NS 200000000L

/* Sent to the monitor by its own process when it shall end. */
#define END_SIGNAL SIGUSR2

typedef struct Worker
{
	pthread_t thread;
	int number;
	void (*work)(int worker, void *argument);
	void *argument;
} Worker;

static void
cancel_statements(NachetSession *session)
{
	char reason[256];

	pthread_mutex_lock(&session->cancel_lock);
	for (int i = 0; i < NACHET_MAX_JOBS; i++)
	{
		if (session->cancel[i] != NULL)
			(void) PQcancel(session->cancel[i], reason, sizeof(reason));
	}
	pthread_mutex_unlock(&session->cancel_lock);
}

/* The first interrupt asks for an end; a second one, or one that nothing would hear, is the end. */
static void
take_interrupt(NachetSession *session)
{
	if (atomic_exchange(&session->interrupted, true) || atomic_load(&session->connecting) > 0)
	{
		nachet_console_bar(session->console, NULL);
		nachet_console_error(session->console, "interrupted");
		_exit(NACHET_EXIT_INTERRUPTED);
	}
}

static void *
run_monitor(void *argument)
{
	NachetSession *session = argument;
	const struct timespec tick = {0, MONITOR_TICK_NS};
	char line[256];

	for (;;)
	{
		int number = sigtimedwait(&session->signals, NULL, &tick);

		if (number == END_SIGNAL)
			break;
		if (number == SIGINT || number == SIGTERM)
			take_interrupt(session);
		if (atomic_load(&session->interrupted))
			cancel_statements(session);
		nachet_progress_line(&session->progress, line, sizeof(line));
		nachet_console_bar(session->console, line[0] != '\0' ? line : NULL);
	}
	nachet_console_bar(session->console, NULL);
	return NULL;
}

bool
nachet_session_start(NachetSession *session, const NachetOptions *options, NachetConsole *console)
{
	int failed;

	memset(session, 0, sizeof(*session));
	session->options = options;
	session->console = console;
	pthread_mutex_init(&session->cancel_lock, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&session->signals);
	sigaddset(&session->signals, SIGINT);
	sigaddset(&session->signals, SIGTERM);
	sigaddset(&session->signals, END_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &session->signals, NULL);

	failed = pthread_create(&session->monitor, NULL, run_monitor, session);
	if (failed != 0)
		nachet_console_error(console, "no thread could be started: %s", strerror(failed));
	session->monitor_started = failed == 0;
	return session->monitor_started;
}

void
nachet_session_end(NachetSession *session)
{
	if (session->monitor_started)
	{
		pthread_kill(session->monitor, END_SIGNAL);
		pthread_join(session->monitor, NULL);
		session->monitor_started = false;
	}
	for (int i = 0; i < NACHET_MAX_JOBS; i++)
	{
		PQfreeCancel(session->cancel[i]);
		PQfinish(session->connection[i]);
	}
	pthread_mutex_destroy(&session->cancel_lock);
}

PGconn *
nachet_session_connection(NachetSession *session, int worker, NachetError *error)
{
	PGconn *connection = session->connection[worker];
	PGcancel *cancel;

	if (connection != NULL)
		return connection;
	atomic_fetch_add(&session->connecting, 1);
	connection = nachet_datastore_connect(session->options->dbname, "nachet-load", error);
	atomic_fetch_sub(&session->connecting, 1);
	if (connection == NULL)
		return NULL;
	cancel = PQgetCancel(connection);

	pthread_mutex_lock(&session->cancel_lock);
	session->connection[worker] = connection;
	session->cancel[worker] = cancel;
	pthread_mutex_unlock(&session->cancel_lock);
	return connection;
}

static void *
run_worker(void *argument)
{
	Worker *worker = argument;

	worker->work(worker->number, worker->argument);
	return NULL;
}

bool
nachet_session_run(NachetSession *session, size_t items, void (*work)(int worker, void *argument),
                   void *argument)
{
	Worker worker[NACHET_MAX_JOBS];
	int jobs = session->options->jobs;
	int started = 0;

	if ((size_t) jobs > items)
		jobs = items > 0 ? (int) items : 1;
	for (int i = 0; i < jobs; i++)
	{
		worker[i].number = i;
		worker[i].work = work;
		worker[i].argument = argument;
		if (pthread_create(&worker[i].thread, NULL, run_worker, &worker[i]) != 0)
			break;
		started++;
	}
	for (int i = 0; i < started; i++)
		pthread_join(worker[i].thread, NULL);

	/* The work is shared: one thread is enough for all of it to be done. */
	if (started == 0)
		nachet_console_error(session->console, "no thread could be started");
	return started > 0;
}

bool
nachet_session_interrupted(NachetSession *session)
{
	return atomic_load(&session->interrupted);
}
