/*
 * loader/session.h
 *		What one run of nachet-load shares: options, console, sink, workers, and the monitor.
 */
#ifndef NACHET_LOADER_SESSION_H
#define NACHET_LOADER_SESSION_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "console.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "sink.h"

typedef struct NachetSession
{
	const NachetOptions *options;
	NachetConsole *console;
	NachetReport *report;
	NachetProgress progress;
	atomic_bool interrupted; /* SIGINT or SIGTERM came: end what is under way */
	atomic_int
	    connecting; /* connections being made, which nothing but the process's end cuts short */

	NachetSink *sink;        /* where the imports go; NULL with --sql */
	atomic_bool reached;     /* it has been heard from in this run */
	atomic_int retries_said; /* see retry.c; 0 once something has gone well again */

	pthread_t monitor;
	bool monitor_started;
	pthread_t canceller;
	bool canceller_started;
	sem_t canceller_wakes; /* posted at an interrupt and at the end */
	atomic_bool ending;
	sigset_t signals;
} NachetSession;

/* Starts the canceller and the monitor, which from here on takes SIGINT and SIGTERM and draws the progress line. */
extern bool nachet_session_start(NachetSession *session, const NachetOptions *options,
                                 NachetConsole *console, NachetReport *report)
    __attribute__((warn_unused_result));
extern void nachet_session_end(NachetSession *session);

/* Runs work(worker, argument) in as many threads as there are jobs, but no more than items, until all return. */
extern bool nachet_session_run(NachetSession *session, size_t items,
                               void (*work)(int worker, void *argument), void *argument)
    __attribute__((warn_unused_result));

extern bool nachet_session_interrupted(NachetSession *session);

#endif
