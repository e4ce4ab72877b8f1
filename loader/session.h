#ifndef NACHET_LOADER_SESSION_H
#define NACHET_LOADER_SESSION_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "loader/report/console.h"
#include "loader/options.h"
#include "loader/report/progress.h"
#include "loader/report/report.h"
#include "loader/send/sink.h"

typedef struct NachetThread
{
	pthread_t id;
	bool started;
} NachetThread;

typedef struct NachetSession
{
	const NachetOptions *options;
	NachetConsole *console;
	NachetReport *report;
	NachetOutputs outputs; /* never imported */
	NachetProgress progress;
	atomic_bool interrupted; /* an interrupt came: end what is under way */
	atomic_int connecting;   /* connections being made, which only the process's end cuts short */

	NachetSink *sink;        /* where the imports go; NULL with --sql */
	atomic_bool reached;     /* it has been heard from in this run */
	atomic_int retries_said; /* see retry.c; 0 once something has gone well again */

	NachetThread monitor;   /* takes signals */
	NachetThread display;   /* draws the progress */
	NachetThread canceller; /* ends what the sink is at after an interrupt */
	pthread_mutex_t lock;   /* held for the raising of a flag alone */
	pthread_cond_t changed; /* interrupted or ending was raised */
	atomic_bool ending;     /* display and canceller shall end */
	atomic_bool ended;      /* the monitor too */
	sigset_t signals;
} NachetSession;

/* Fills in a session that has no sink and no threads yet. */
extern void nachet_session_init(NachetSession *session, const NachetOptions *options,
                                NachetConsole *console, NachetReport *report);

/*
 * From here on SIGINT, SIGTERM and SIGHUP are interrupts, and the progress is drawn. The session
 * has its sink, which nachet_session_end frees, whatever this returns. False, logged and ended, if
 * no thread can be started. After the end these signals stay blocked: end the session when nothing
 * is left to do that may wait.
 */
extern bool nachet_session_start(NachetSession *session) __attribute__((warn_unused_result));
extern void nachet_session_end(NachetSession *session);

/* Runs work(worker, argument) in as many threads as there are jobs, items at most; joins them. */
extern bool nachet_session_run(NachetSession *session, size_t items,
                               void (*work)(int worker, void *argument), void *argument)
    __attribute__((warn_unused_result));

/* Logs an error of the sink, with what the sink knows to do about it. */
extern void nachet_session_failure(NachetSession *session, const char *what, NachetError *error);

extern bool nachet_session_interrupted(NachetSession *session);

#endif
