/*
 * http/request/watchdog.c
 *		Clients that are too slow lose their place in bounded time.
 *
 * libmicrohttpd knows only how long a connection was silent, and closes it without a word: a byte
 * now and then would hold a place for ever. So a thread looks at all connections, each of which has
 * a deadline while we wait for the client, and none while the client waits for us.
 *
 * Headers have a fixed time. A body has credit: --idle-timeout at first and at most, which each
 * byte adds to as --min-rate says, and which runs down while more is awaited. Clients that send
 * faster never run out of it, silent and slower ones do. An answer has the same
 * credit for all its bytes.
 *
 * libmicrohttpd takes no answer while it waits for headers or in a body's middle; there the
 * watchdog writes the 408 to the socket itself, unless TLS is spoken, which it can't, or the
 * request was answered early. That is safe because nothing else is written then: whoever is about
 * to answer asks first, under the lock, whether the connection still has its place. The socket's
 * number is ours as long as the connection is in the list, which it leaves before its socket is
 * closed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <microhttpd.h>

#include "loader/client/clock.h"
#include "http/request/request_id.h"
#include "http/request/watchdog.h"

#define TICK_MS 250

/* The whole life of a connection that is only told 503. */
#define SURPLUS_MS 10000

#define NEVER INT64_MAX

/* As respond.c would have it, had libmicrohttpd taken it. */
static const char too_slow[] = "HTTP/1.1 408 Request Timeout\r\n"
                               "Connection: close\r\n"
                               "Content-Type: application/problem+json\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "Cache-Control: no-store\r\n"
                               "X-Request-Id: %s\r\n"
                               "Content-Length: %zu\r\n\r\n%s";
static const char too_slow_body[] =
    "{\"type\":\"about:blank\",\"title\":\"Request Timeout\",\"status\":408,"
    "\"detail\":\"The request was sent too slowly.\"}\n";

typedef enum Phase
{
	PHASE_IDLE, /* no byte that makes a request was seen */
	PHASE_HEADERS,
	PHASE_BODY,
	PHASE_WORK,
	PHASE_ANSWER,
	PHASE_OVER /* it has lost its place */
} Phase;

struct NachetWatched
{
	NachetWatchdog *watchdog;
	NachetWatched *previous;
	NachetWatched *next;
	int socket;
	bool surplus;
	Phase phase;
	int64_t deadline;       /* NEVER while the service is at work */
	int64_t credit;         /* of the body, when it was last awaited */
	const char *request_id; /* NULL before its body is awaited */
	bool answered;          /* while its body is still coming */
};

/* The lock guards the list and all that is in it. */
struct NachetWatchdog
{
	pthread_mutex_t lock;
	pthread_cond_t stop;
	pthread_t thread;
	bool stopping;
	NachetWatchdogLimits limits;
	NachetWatched *first;
};

/* The credit for so many bytes, in milliseconds. */
static int64_t
credit_for(const NachetWatchdog *watchdog, uint64_t bytes)
{
	return (int64_t) ((double) bytes * 1000.0 / (double) watchdog->limits.min_rate);
}

/* A surplus connection keeps the deadline that it began with; one that is over stays so. */
static void
enter(NachetWatched *watched, Phase phase, int64_t deadline)
{
	if (watched->phase == PHASE_OVER)
		return;
	watched->phase = phase;
	if (!watched->surplus)
		watched->deadline = deadline;
}

/* --- the thread ------------------------------------------------------------------------------- */

static void
answer_too_slow(const NachetWatched *watched)
{
	char id[NACHET_REQUEST_ID_MAX + 1];
	char answer[512];
	int length;

	nachet_request_id_choose(id, watched->request_id);
	length =
	    snprintf(answer, sizeof(answer), too_slow, id, sizeof(too_slow_body) - 1, too_slow_body);
	(void) send(watched->socket, answer, (size_t) length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Ends what is under way on the connection, whose own thread finds it closed and cleans up. */
static void
cut_off(NachetWatched *watched)
{
	if (!watched->watchdog->limits.encrypted && !watched->answered &&
	    (watched->phase == PHASE_HEADERS || watched->phase == PHASE_BODY))
		answer_too_slow(watched);
	(void) shutdown(watched->socket, SHUT_RDWR);
	watched->phase = PHASE_OVER;
	watched->deadline = NEVER;
}

static void *
watch(void *context)
{
	NachetWatchdog *watchdog = context;

	pthread_mutex_lock(&watchdog->lock);
	while (!watchdog->stopping)
	{
		struct timespec next;
		int64_t now = nachet_clock_ms();

		for (NachetWatched *watched = watchdog->first; watched != NULL; watched = watched->next)
		{
			if (watched->deadline <= now)
				cut_off(watched);
		}
		next = nachet_clock_after(TICK_MS);
		(void) pthread_cond_timedwait(&watchdog->stop, &watchdog->lock, &next);
	}
	pthread_mutex_unlock(&watchdog->lock);
	return NULL;
}

NachetWatchdog *
nachet_watchdog_start(const NachetWatchdogLimits *limits)
{
	NachetWatchdog *watchdog = calloc(1, sizeof(*watchdog));

	if (watchdog == NULL)
		return NULL;
	pthread_mutex_init(&watchdog->lock, NULL);
	nachet_clock_condition_init(&watchdog->stop);
	watchdog->limits = *limits;
	if (pthread_create(&watchdog->thread, NULL, watch, watchdog) == 0)
		return watchdog;
	pthread_cond_destroy(&watchdog->stop);
	pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
	return NULL;
}

void
nachet_watchdog_stop(NachetWatchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	pthread_mutex_lock(&watchdog->lock);
	watchdog->stopping = true;
	pthread_cond_signal(&watchdog->stop);
	pthread_mutex_unlock(&watchdog->lock);
	pthread_join(watchdog->thread, NULL);
	pthread_cond_destroy(&watchdog->stop);
	pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
}

/* --- a connection ----------------------------------------------------------------------------- */

/* If too many clients are waited for, the one that is next to lose its place loses it now. */
static void
evict_longest(NachetWatchdog *watchdog)
{
	NachetWatched *longest = NULL;
	size_t waiting = 0;

	for (NachetWatched *watched = watchdog->first; watched != NULL; watched = watched->next)
	{
		if (watched->deadline == NEVER)
			continue;
		waiting++;
		if (longest == NULL || watched->deadline < longest->deadline)
			longest = watched;
	}
	if (waiting >= watchdog->limits.max_waiting)
		cut_off(longest);
}

NachetWatched *
nachet_watchdog_add(NachetWatchdog *watchdog, int socket, bool surplus)
{
	NachetWatched *watched = calloc(1, sizeof(*watched));

	if (watched == NULL)
		return NULL;
	watched->watchdog = watchdog;
	watched->socket = socket;
	watched->surplus = surplus;
	watched->deadline = nachet_clock_ms() + (surplus ? SURPLUS_MS : watchdog->limits.header_ms);

	pthread_mutex_lock(&watchdog->lock);
	if (watchdog->limits.max_waiting > 0)
		evict_longest(watchdog);
	watched->next = watchdog->first;
	if (watched->next != NULL)
		watched->next->previous = watched;
	watchdog->first = watched;
	pthread_mutex_unlock(&watchdog->lock);
	return watched;
}

NachetWatched *
nachet_watchdog_find(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

void
nachet_watchdog_remove(NachetWatched *watched)
{
	NachetWatchdog *watchdog = watched->watchdog;

	pthread_mutex_lock(&watchdog->lock);
	if (watched->previous != NULL)
		watched->previous->next = watched->next;
	else
		watchdog->first = watched->next;
	if (watched->next != NULL)
		watched->next->previous = watched->previous;
	pthread_mutex_unlock(&watchdog->lock);
	free(watched);
}

void
nachet_watchdog_await_headers(NachetWatched *watched)
{
	NachetWatchdog *watchdog = watched->watchdog;

	pthread_mutex_lock(&watchdog->lock);
	enter(watched, PHASE_HEADERS, nachet_clock_ms() + watchdog->limits.header_ms);
	watched->credit = watchdog->limits.credit_ms;
	pthread_mutex_unlock(&watchdog->lock);
}

bool
nachet_watchdog_pause(NachetWatched *watched)
{
	NachetWatchdog *watchdog = watched->watchdog;
	bool in_place;

	pthread_mutex_lock(&watchdog->lock);
	in_place = watched->phase != PHASE_OVER;
	if (watched->phase == PHASE_BODY)
		watched->credit = watched->deadline - nachet_clock_ms();
	enter(watched, PHASE_WORK, NEVER);
	pthread_mutex_unlock(&watchdog->lock);
	return in_place;
}

void
nachet_watchdog_await_body(NachetWatched *watched, const char *request_id, uint64_t bytes)
{
	NachetWatchdog *watchdog = watched->watchdog;
	int64_t earned = credit_for(watchdog, bytes);

	pthread_mutex_lock(&watchdog->lock);
	watched->credit = earned < watchdog->limits.credit_ms - watched->credit
	                      ? watched->credit + earned
	                      : watchdog->limits.credit_ms;
	watched->request_id = request_id;
	enter(watched, PHASE_BODY, nachet_clock_ms() + watched->credit);
	pthread_mutex_unlock(&watchdog->lock);
}

void
nachet_watchdog_note_answer(NachetWatched *watched)
{
	NachetWatchdog *watchdog = watched->watchdog;

	pthread_mutex_lock(&watchdog->lock);
	watched->answered = true;
	pthread_mutex_unlock(&watchdog->lock);
}

void
nachet_watchdog_await_answer(NachetWatched *watched, uint64_t bytes)
{
	NachetWatchdog *watchdog = watched->watchdog;

	pthread_mutex_lock(&watchdog->lock);
	enter(watched, PHASE_ANSWER,
	      nachet_clock_ms() + watchdog->limits.credit_ms + credit_for(watchdog, bytes));
	pthread_mutex_unlock(&watchdog->lock);
}

bool
nachet_watchdog_end_request(NachetWatched *watched)
{
	NachetWatchdog *watchdog = watched->watchdog;
	bool over;

	pthread_mutex_lock(&watchdog->lock);
	over = watched->phase == PHASE_OVER;
	watched->request_id = NULL;
	watched->answered = false;
	enter(watched, PHASE_IDLE, nachet_clock_ms() + watchdog->limits.header_ms);
	pthread_mutex_unlock(&watchdog->lock);
	return over;
}

bool
nachet_watchdog_is_surplus(const NachetWatched *watched)
{
	return watched->surplus;
}
