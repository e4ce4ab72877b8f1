/*
 * loader/session.c
 *		What one run of nachet-load shares: options, console, sink, workers, and the monitor.
 *
 * SIGINT, SIGTERM and SIGUSR2 are blocked in every thread, and the monitor alone waits for them, so that no
 * signal handler and no global is needed. An interrupt sets a flag that the workers look at between
 * pictures, and wakes the canceller, which cancels what the sink is at again and again until it has
 * ended: what began just after a cancel is met by the next one. A second interrupt, or a
 * connecting that outlasts the first one, ends the process where it stands, which leaves nothing
 * half-stored: a COPY and a set are each one transaction.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exit_codes.h"
#include "session.h"
#include "sink_copy.h"
#include "sink_http.h"

#define MONITOR_TICK_NS 200000000L

/* How often progress is told where no line can be redrawn. */
#define LINE_SECONDS 10u
#define JSON_SECONDS 1u

/* How many ticks an interrupt waits for connections that are just being made. */
#define CONNECTING_TICKS 10

/* Sent to the monitor by its own process when it shall end. */
#define END_SIGNAL SIGUSR2

typedef struct Worker
{
	pthread_t thread;
	int number;
	void (*work)(int worker, void *argument);
	void *argument;
} Worker;

/* A thread of its own, because a cancel connects, which a dead network holds up. */
static void *
run_canceller(void *argument)
{
	NachetSession *session = argument;
	NachetSink *sink = session->sink;
	struct timespec next;

	while (sem_wait(&session->canceller_wakes) != 0)
		;
	while (!atomic_load(&session->ending))
	{
		if (sink != NULL && sink->cancel != NULL)
			sink->cancel(sink);
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_nsec += MONITOR_TICK_NS;
		next.tv_sec += next.tv_nsec / 1000000000L;
		next.tv_nsec %= 1000000000L;
		(void) sem_timedwait(&session->canceller_wakes, &next);
	}
	return NULL;
}

static void
end_at_once(NachetSession *session)
{
	nachet_console_bar(session->console, NULL);
	nachet_console_error(session->console,
	                     "interrupted: running the same again sends only what is not stored yet");
	_exit(NACHET_EXIT_INTERRUPTED);
}

/* The first interrupt asks for an end; a second one is the end. */
static void
take_interrupt(NachetSession *session)
{
	if (atomic_exchange(&session->interrupted, true))
		end_at_once(session);
	(void) sem_post(&session->canceller_wakes);
}

/* On a terminal redrawn at every tick; elsewhere, and in JSON, a line when some time has passed. */
static void
show_progress(NachetSession *session, uint64_t *shown_ns)
{
	const NachetOptions *options = session->options;
	uint64_t now_ns = nachet_progress_now_ns();
	uint64_t interval_ns = (options->json ? JSON_SECONDS : LINE_SECONDS) * UINT64_C(1000000000);
	char line[256];

	nachet_progress_line(&session->progress, line, sizeof(line));
	nachet_console_bar(session->console, line[0] != '\0' ? line : NULL);
	if (line[0] == '\0' || options->quiet || options->no_progress ||
	    now_ns - *shown_ns < interval_ns)
		return;
	if (options->json)
		nachet_progress_json(&session->progress);
	else if (!session->console->bar)
		nachet_console_note(session->console, "%s", line);
	*shown_ns = now_ns;
}

static void *
run_monitor(void *argument)
{
	NachetSession *session = argument;
	const struct timespec tick = {0, MONITOR_TICK_NS};
	int connecting = 0;
	uint64_t shown_ns = nachet_progress_now_ns();

	for (;;)
	{
		int number = sigtimedwait(&session->signals, NULL, &tick);

		if (number == END_SIGNAL)
			break;
		if (number == SIGINT || number == SIGTERM)
			take_interrupt(session);
		if (atomic_load(&session->interrupted) && atomic_load(&session->connecting) > 0 &&
		    ++connecting > CONNECTING_TICKS)
			end_at_once(session);
		show_progress(session, &shown_ns);
	}
	nachet_console_bar(session->console, NULL);
	return NULL;
}

/* Where the options want the imports to go; logs. --sql needs nowhere. */
static bool
create_sink(NachetSession *session)
{
	if (session->options->sql)
		return true;
	session->sink = session->options->url != NULL ? nachet_sink_http_create(session)
	                                              : nachet_sink_copy_create(session);
	if (session->sink == NULL)
		nachet_console_error(session->console, "out of memory");
	return session->sink != NULL;
}

bool
nachet_session_start(NachetSession *session, const NachetOptions *options, NachetConsole *console,
                     NachetReport *report)
{
	int failed;

	memset(session, 0, sizeof(*session));
	session->options = options;
	session->console = console;
	session->report = report;
	if (!create_sink(session))
		return false;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&session->signals);
	sigaddset(&session->signals, SIGINT);
	sigaddset(&session->signals, SIGTERM);
	sigaddset(&session->signals, END_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &session->signals, NULL);
	sem_init(&session->canceller_wakes, 0, 0);

	failed = pthread_create(&session->canceller, NULL, run_canceller, session);
	session->canceller_started = failed == 0;
	if (failed == 0)
		failed = pthread_create(&session->monitor, NULL, run_monitor, session);
	session->monitor_started = session->canceller_started && failed == 0;
	if (failed != 0)
	{
		nachet_console_error(console, "no thread could be started: %s", strerror(failed));
		nachet_session_end(session);
	}
	return failed == 0;
}

void
nachet_session_end(NachetSession *session)
{
	/* The canceller goes first, so that an interrupt is still heard while it waits for a dead network. */
	atomic_store(&session->ending, true);
	(void) sem_post(&session->canceller_wakes);
	if (session->canceller_started)
		pthread_join(session->canceller, NULL);
	if (session->monitor_started)
	{
		pthread_kill(session->monitor, END_SIGNAL);
		pthread_join(session->monitor, NULL);
		session->monitor_started = false;
	}
	if (session->sink != NULL)
		session->sink->free(session->sink);
	sem_destroy(&session->canceller_wakes);
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
