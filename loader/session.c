/*
 * loader/session.c
 *		What one run of nachet-load shares, and the threads beside its workers.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGUSR2 are blocked in every thread, and the monitor alone waits for
 * them, so that no signal handler and no global is needed. The monitor never writes, connects or
 * waits for another thread, so that an interrupt is always taken: the display draws the progress,
 * and the canceller, woken by an interrupt, cancels what the sink is at again and again until it
 * has ended: a statement that began just after a cancel meets the next one. A second interrupt ends
 * the process as it is, and so does a first one that a connecting or an output that nobody reads
 * holds up: that leaves nothing half-stored, for a COPY and a set are each one transaction.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loader/client/clock.h"
#include "loader/exit_codes.h"
#include "loader/session.h"

#define TICK_MS 200

/* How often progress is told if no line can be redrawn. */
#define LINE_SECONDS 10u
#define JSON_SECONDS 1u

/* For how many ticks an interrupt is held up before it ends the process. */
#define HELD_UP_TICKS 10

/* Wakes the monitor when it shall end. */
#define END_SIGNAL SIGUSR2

typedef struct Worker
{
	pthread_t thread;
	int number;
	void (*work)(int worker, void *argument);
	void *argument;
} Worker;

/* Waits for a tick, or less if something has changed. False when the session ends. */
static bool
wait_tick(NachetSession *session)
{
	const struct timespec next = nachet_clock_after(TICK_MS);

	pthread_mutex_lock(&session->lock);
	if (!atomic_load(&session->ending))
		(void) pthread_cond_timedwait(&session->changed, &session->lock, &next);
	pthread_mutex_unlock(&session->lock);
	return !atomic_load(&session->ending);
}

/* Sets a flag that wait_tick's callers look at. */
static void
raise_flag(NachetSession *session, atomic_bool *flag)
{
	pthread_mutex_lock(&session->lock);
	atomic_store(flag, true);
	pthread_cond_broadcast(&session->changed);
	pthread_mutex_unlock(&session->lock);
}

/* A thread of its own, because a cancel connects, which a dead network holds up. */
static void *
run_canceller(void *argument)
{
	NachetSession *session = argument;
	NachetSink *sink = session->sink;

	while (wait_tick(session))
	{
		if (nachet_session_interrupted(session) && sink != NULL && sink->cancel != NULL)
			sink->cancel(sink);
	}
	return NULL;
}

/* On a terminal redrawn at every tick; elsewhere, and in JSON, a line when some time has passed. */
static void
show_progress(NachetSession *session, uint64_t *shown_us)
{
	const NachetOptions *options = session->options;
	uint64_t now_us = nachet_clock_us();
	uint64_t interval_us = (options->json ? JSON_SECONDS : LINE_SECONDS) * UINT64_C(1000000);
	char line[256];

	nachet_progress_line(&session->progress, line, sizeof(line));
	nachet_console_bar(session->console, line[0] != '\0' ? line : NULL);
	if (line[0] == '\0' || options->quiet || options->no_progress ||
	    now_us - *shown_us < interval_us)
		return;
	if (options->json)
		nachet_progress_json(&session->progress);
	else if (!session->console->bar)
		nachet_console_note(session->console, "%s", line);
	*shown_us = now_us;
}

static void *
run_display(void *argument)
{
	NachetSession *session = argument;
	uint64_t shown_us = nachet_clock_us();

	while (wait_tick(session))
		show_progress(session, &shown_us);
	nachet_console_bar(session->console, NULL);
	return NULL;
}

/* Another interrupt, if the last words hang, has its default action. */
static void
end_at_once(NachetSession *session)
{
	sigset_t interrupts = session->signals;

	sigdelset(&interrupts, END_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &interrupts, NULL);
	nachet_console_last_words(
	    session->console,
	    "interrupted: running the same import again sends only what is not stored yet");
	nachet_report_abandon(session->report);
	_exit(NACHET_EXIT_INTERRUPTED);
}

/* Whether the threads that shall end can't, for now. */
static bool
is_held_up(NachetSession *session)
{
	return atomic_load(&session->connecting) > 0 || nachet_console_blocked();
}

/* The first interrupt asks for an end; a second one is the end. */
static void *
run_monitor(void *argument)
{
	NachetSession *session = argument;
	const struct timespec tick = {0, TICK_MS * 1000000L};
	int held_up = 0;

	for (;;)
	{
		int number = sigtimedwait(&session->signals, NULL, &tick);

		if (atomic_load(&session->ended))
			return NULL;
		if (number > 0 && number != END_SIGNAL)
		{
			if (nachet_session_interrupted(session))
				end_at_once(session);
			raise_flag(session, &session->interrupted);
		}
		else if (number < 0 && nachet_session_interrupted(session))
		{
			held_up = is_held_up(session) ? held_up + 1 : 0;
			if (held_up >= HELD_UP_TICKS)
				end_at_once(session);
		}
	}
}

/*
 * A shell's background job ignores SIGINT, and what nohup starts SIGHUP; waiting for a blocked
 * signal would take it all the same.
 */
static void
add_unless_ignored(sigset_t *signals, int number)
{
	struct sigaction before;

	if (sigaction(number, NULL, &before) != 0 || before.sa_handler != SIG_IGN)
		sigaddset(signals, number);
}

/* Starts the threads beside the workers: 0, or why not. */
static int
start_threads(NachetSession *session)
{
	const struct
	{
		NachetThread *thread;
		void *(*run)(void *);
	} threads[] = {{&session->monitor, run_monitor},
	               {&session->display, run_display},
	               {&session->canceller, run_canceller}};

	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
	{
		int failed = pthread_create(&threads[i].thread->id, NULL, threads[i].run, session);

		if (failed != 0)
			return failed;
		threads[i].thread->started = true;
	}
	return 0;
}

static void
end_thread(NachetThread *thread)
{
	if (thread->started)
		pthread_join(thread->id, NULL);
	thread->started = false;
}

void
nachet_session_init(NachetSession *session, const NachetOptions *options, NachetConsole *console,
                    NachetReport *report)
{
	memset(session, 0, sizeof(*session));
	session->options = options;
	session->console = console;
	session->report = report;
	nachet_outputs_add_standard(&session->outputs);
	nachet_report_add_outputs(report, &session->outputs);
}

bool
nachet_session_start(NachetSession *session)
{
	int failed;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&session->signals);
	add_unless_ignored(&session->signals, SIGINT);
	add_unless_ignored(&session->signals, SIGTERM);
	add_unless_ignored(&session->signals, SIGHUP);
	sigaddset(&session->signals, END_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &session->signals, NULL);
	pthread_mutex_init(&session->lock, NULL);
	nachet_clock_condition_init(&session->changed);

	failed = start_threads(session);
	if (failed != 0)
	{
		nachet_console_error(session->console, "no thread could be started: %s", strerror(failed));
		nachet_session_end(session);
	}
	return failed == 0;
}

/* The monitor ends last, so that interrupts are taken while anything else may still wait. */
void
nachet_session_end(NachetSession *session)
{
	raise_flag(session, &session->ending);
	end_thread(&session->canceller);
	end_thread(&session->display);
	if (session->sink != NULL)
		session->sink->free(session->sink);
	atomic_store(&session->ended, true);
	if (session->monitor.started)
		pthread_kill(session->monitor.id, END_SIGNAL);
	end_thread(&session->monitor);
	pthread_cond_destroy(&session->changed);
	pthread_mutex_destroy(&session->lock);
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
	size_t jobs = session->options->jobs;
	int started = 0;

	if (jobs > items)
		jobs = items > 0 ? items : 1;
	for (int i = 0; i < (int) jobs; i++)
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

void
nachet_session_failure(NachetSession *session, const char *what, NachetError *error)
{
	if (session->sink != NULL && session->sink->explain != NULL)
		session->sink->explain(session->sink, error);
	nachet_console_failure(session->console, what, error);
}

bool
nachet_session_interrupted(NachetSession *session)
{
	return atomic_load(&session->interrupted);
}
