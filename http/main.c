/*
 * http/main.c
 *		nachet-http: starts the service, waits for a signal, ends it.
 *
 * SIGTERM, SIGINT and SIGHUP are blocked in every thread and fetched here, so that no other thread
 * is ever interrupted by them.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loader/client/clock.h"
#include "loader/client/option_table.h"
#include "loader/client/standard_streams.h"
#include "http/ops/listen.h"
#include "http/ops/log.h"
#include "http/ops/systemd.h"
#include "http/options.h"
#include "http/server.h"
#include "http/shared.h"

/*
 * From this size on, a block of memory goes back to the system when it is freed. By default glibc
 * raises the size to that of the largest block freed so far, and keeps as much in each thread's
 * arena.
 */
#define LARGE_BLOCK_BYTES (256 * 1024)

/* The end takes this long at least, if it must: threads are joined. */
#define STOP_MINIMUM_MS 1000

/* Seconds to wait for a database that does not answer; libpq's own default is for ever. */
#define CONNECT_TIMEOUT "5"

typedef enum NachetHttpExit
{
	NACHET_HTTP_EXIT_STOPPED = 0, /* by SIGTERM or SIGINT, with nothing left under way */
	NACHET_HTTP_EXIT_FAILED = 1,  /* could not start, or had to leave requests behind */
	NACHET_HTTP_EXIT_USAGE = 2    /* invalid options */
} NachetHttpExit;

/*
 * False at a second signal; true when the time is over or, if until_idle, no request is under way.
 */
static bool
wait_for(NachetServer *server, const sigset_t *endings, uint64_t seconds, bool until_idle)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	int64_t limit = nachet_clock_ms() + (int64_t) seconds * 1000;

	while (nachet_clock_ms() < limit)
	{
		if (until_idle && atomic_load(&server->requests) == 0)
			return true;
		if (sigtimedwait(endings, NULL, &pause) > 0)
			return false;
	}
	return true;
}

/*
 * Lets requests under way end; *limit becomes the time by which all must have ended. False if the
 * time was over, or a second signal came, before they had.
 */
static bool
drain(NachetServer *server, const sigset_t *endings, int64_t *limit)
{
	const NachetHttpOptions *options = server->options;
	bool patient;

	nachet_systemd_notify("STOPPING=1");
	nachet_server_announce_stop(server);
	nachet_log("stopping: %zu requests are running", atomic_load(&server->requests));
	patient = wait_for(server, endings, options->drain_delay, false);
	nachet_server_quiesce(server);
	*limit = nachet_clock_ms() + (int64_t) options->drain_timeout * 1000;
	if (!patient || !wait_for(server, endings, options->drain_timeout, true))
		*limit = 0;
	return atomic_load(&server->requests) == 0;
}

/* For the thread that ends the service. */
typedef struct Ending
{
	NachetServer *server;
	atomic_bool done;
} Ending;

static void *
end_server(void *context)
{
	Ending *ending = context;

	nachet_server_stop(ending->server);
	atomic_store(&ending->done, true);
	return NULL;
}

/*
 * Ends the service, in which no request is under way; false if it is not done by the limit, or at a
 * second signal.
 */
static bool
stop_in_time(NachetServer *server, const sigset_t *endings, int64_t limit)
{
	static Ending ending; /* the thread may outlive this function */
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int64_t minimum = nachet_clock_ms() + STOP_MINIMUM_MS;
	pthread_t thread;

	ending.server = server;
	if (pthread_create(&thread, NULL, end_server, &ending) != 0)
	{
		nachet_server_stop(server);
		return true;
	}
	while (!atomic_load(&ending.done) && nachet_clock_ms() < (limit > minimum ? limit : minimum))
	{
		if (sigtimedwait(endings, NULL, &pause) > 0)
			break;
	}
	return atomic_load(&ending.done) && pthread_join(thread, NULL) == 0;
}

/* In this thread, and so in all that it starts; endings become those that end the service. */
static void
block_signals(sigset_t *endings)
{
	sigset_t all;

	sigemptyset(endings);
	sigaddset(endings, SIGTERM);
	sigaddset(endings, SIGINT);
	all = *endings;
	sigaddset(&all, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files' sizes then is an error of the write */
}

static void
serve_until_signal(NachetServer *server, const sigset_t *endings)
{
	sigset_t awaited = *endings;
	int caught = 0;

	sigaddset(&awaited, SIGHUP);
	while (sigwait(&awaited, &caught) != 0 || caught == SIGHUP)
	{
		if (caught == SIGHUP)
			nachet_server_reload(server);
	}
}

static NachetHttpExit
serve(const NachetHttpOptions *options, NachetSockets *sockets)
{
	static NachetServer server;
	sigset_t endings;
	int64_t limit;

	block_signals(&endings);
	(void) mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	setenv("PGCONNECT_TIMEOUT", CONNECT_TIMEOUT, 0);

	if (!nachet_server_start(&server, options, sockets))
		return NACHET_HTTP_EXIT_FAILED;
	nachet_log_start(); /* what the start had to say is there before it is said to be ready */
	nachet_systemd_notify("READY=1");
	serve_until_signal(&server, &endings);
	if (!drain(&server, &endings, &limit))
	{
		/*
		 * Their threads may wait for the database for long; the system takes back what they hold.
		 */
		nachet_log_warning("stopped: %zu requests were interrupted", atomic_load(&server.requests));
		nachet_listen_close_all(sockets);
		nachet_log_stop();
		_exit(NACHET_HTTP_EXIT_FAILED);
	}
	if (!stop_in_time(&server, &endings, limit))
	{
		nachet_log_warning("stopped before the database responded");
		nachet_log_stop();
		_exit(NACHET_HTTP_EXIT_STOPPED);
	}
	nachet_log("stopped");
	nachet_log_stop();
	return NACHET_HTTP_EXIT_STOPPED;
}

static int
run(const NachetHttpOptions *options)
{
	NachetSockets sockets;
	int status = NACHET_HTTP_EXIT_FAILED;

	switch (nachet_listen_open(&sockets, options))
	{
		case NACHET_LISTEN_OPEN:
			status = serve(options, &sockets);
			nachet_listen_close_all(&sockets);
			break;
		case NACHET_LISTEN_INVALID:
			status = NACHET_HTTP_EXIT_USAGE;
			break;
		case NACHET_LISTEN_FAILED:
			break;
	}
	return status;
}

int
main(int argc, char **argv)
{
	NachetHttpOptions options;
	bool closed[NACHET_STANDARD_STREAMS];
	int status = NACHET_HTTP_EXIT_USAGE;

	if (!nachet_standard_streams_open(closed))
	{
		fprintf(stderr, "nachet-http: can't open /dev/null: %s\n", strerror(errno));
		return NACHET_HTTP_EXIT_FAILED;
	}
	switch (nachet_http_options_read(&options, argc, argv))
	{
		case NACHET_OPTIONS_ANSWERED:
			status = fflush(stdout) == 0 ? EXIT_SUCCESS : NACHET_HTTP_EXIT_FAILED;
			break;
		case NACHET_OPTIONS_WRONG:
			break;
		case NACHET_OPTIONS_RUN:
			status = run(&options);
			break;
	}
	nachet_http_options_free(&options);
	return status;
}
