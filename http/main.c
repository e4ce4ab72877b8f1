/*
 * http/main.c
 *		nachet-http: starts the service, waits for a signal, ends it.
 *
 * SIGTERM, SIGINT and SIGHUP are blocked in every thread and fetched here, so that no other thread is ever
 * interrupted by them.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "exit_codes.h"
#include "listen.h"
#include "log.h"
#include "options.h"
#include "server.h"

/* Seconds to wait for a database that does not answer at all; libpq's own default is to wait for ever. */
#define CONNECT_TIMEOUT "5"

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when no request is under way any more; false when the time is over, or at a second signal. */
static bool
drain(NachetServer *server, const sigset_t *endings)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	int64_t limit = now_ms() + (int64_t) server->options->drain_timeout * 1000;

	while (atomic_load(&server->requests) > 0)
	{
		if (sigtimedwait(endings, NULL, &pause) > 0 || now_ms() > limit)
			return false;
	}
	return true;
}

/* In this thread, and so in all that it starts; endings become those of them that end the service. */
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
}

static void
wait_for_end(NachetServer *server, const sigset_t *endings)
{
	sigset_t awaited = *endings;
	int caught = 0;

	sigaddset(&awaited, SIGHUP);
	while (sigwait(&awaited, &caught) != 0 || caught == SIGHUP)
	{
		if (caught == SIGHUP)
			nachet_auth_reload(server->auth);
	}
}

static NachetHttpExit
serve(const NachetHttpOptions *options)
{
	static NachetServer server;
	sigset_t endings;

	block_signals(&endings);
	setenv("PGCONNECT_TIMEOUT", CONNECT_TIMEOUT, 0);

	if (!nachet_server_start(&server, options))
		return NACHET_HTTP_EXIT_FAILED;
	wait_for_end(&server, &endings);
	nachet_server_quiesce(&server);
	nachet_log("stopping: %zu requests under way", atomic_load(&server.requests));
	if (!drain(&server, &endings))
	{
		/* Their threads may wait for the database for long; what they hold, the system takes back. */
		nachet_log("stopped: %zu requests were cut off", atomic_load(&server.requests));
		_exit(NACHET_HTTP_EXIT_FAILED);
	}
	nachet_server_stop(&server);
	nachet_log("stopped");
	return NACHET_HTTP_EXIT_STOPPED;
}

int
main(int argc, char **argv)
{
	NachetHttpOptions options;
	int status = NACHET_HTTP_EXIT_USAGE;

	switch (nachet_options_read(&options, argc, argv))
	{
		case NACHET_OPTIONS_ANSWERED:
			status = EXIT_SUCCESS;
			break;
		case NACHET_OPTIONS_WRONG:
			break;
		case NACHET_OPTIONS_RUN:
			if (nachet_listen_check(options.listen, options.auth_kind == NACHET_AUTH_NONE))
				status = serve(&options);
			break;
	}
	nachet_options_free(&options);
	return status;
}
