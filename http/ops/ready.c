/*
 * http/ops/ready.c
 *		Whether the datastore answers.
 *
 * The question is put over a connection of the pool, so that it tells of the way that requests
 * take, by a thread of its own, so that who asks is answered in time though the database is not.
 * However many ask, there is one question at a time, and its answer serves all for a second.
 *
 * The log hears of changes only.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "loader/client/clock.h"
#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "http/database/pool.h"
#include "http/ops/log.h"
#include "http/ops/ready.h"

/* How long an answer serves, and how long one is waited for. */
#define FRESH_MS 1000
#define WAIT_S   2

/* More get no for an answer at once: they would take all places of the operators' listener. */
#define MAX_WAITERS 24

/* How long a question may take before its connection counts as dead; it waits for no lock. */
#define QUESTION_S 10

struct NachetReady
{
	pthread_mutex_t lock;
	pthread_cond_t wanted;   /* for the thread: somebody asks, or it is over */
	pthread_cond_t answered; /* for who asks */
	NachetPool *pool;
	pthread_t thread;
	bool asking;
	bool stopping;
	bool answer; /* the last one */
	bool logged; /* what the log has heard last */
	int64_t at;  /* when it came */
	unsigned long answers;
	unsigned waiters; /* so far; at and answer mean something from the first on */
};

/* An idle connection may have died unnoticed; a second one is new. */
static bool
question(NachetPool *pool, NachetError *error)
{
	NachetPooled pooled;
	bool answered;

	if (!nachet_pool_take(pool, &pooled, error))
		return false;
	nachet_pool_bound(pool, &pooled, QUESTION_S);
	answered = nachet_datastore_chunk_size(pooled.connection, error) > 0;
	if (!answered)
		(void) nachet_pool_was_cut(pool, &pooled, error);
	nachet_pool_give(pool, &pooled);
	return answered;
}

static bool
ask_datastore(NachetPool *pool, NachetError *error)
{
	if (question(pool, error))
		return true;
	if (!error->unreachable)
		return false;
	nachet_error_clear(error);
	return question(pool, error);
}

static void
tell_change(NachetReady *ready, bool answer, const NachetError *error)
{
	if (answer && !ready->logged)
		nachet_log("ready: the datastore responds");
	else if (!answer && (ready->logged || ready->answers == 0))
		nachet_log_warning("not ready: %s", error->message);
	ready->logged = answer;
}

static void *
run(void *context)
{
	NachetReady *ready = context;

	pthread_mutex_lock(&ready->lock);
	while (!ready->stopping)
	{
		NachetError error = NACHET_ERROR_INIT;
		bool answer;

		if (!ready->asking)
		{
			pthread_cond_wait(&ready->wanted, &ready->lock);
			continue;
		}
		pthread_mutex_unlock(&ready->lock);
		answer = ask_datastore(ready->pool, &error);
		pthread_mutex_lock(&ready->lock);
		tell_change(ready, answer, &error);
		nachet_error_clear(&error);
		ready->answer = answer;
		ready->asking = false;
		ready->answers++;
		ready->at = nachet_clock_ms();
		pthread_cond_broadcast(&ready->answered);
	}
	pthread_mutex_unlock(&ready->lock);
	return NULL;
}

static void
free_ready(NachetReady *ready)
{
	pthread_cond_destroy(&ready->answered);
	pthread_cond_destroy(&ready->wanted);
	pthread_mutex_destroy(&ready->lock);
	free(ready);
}

NachetReady *
nachet_ready_start(NachetPool *pool)
{
	NachetReady *ready = calloc(1, sizeof(*ready));

	if (ready == NULL)
		return NULL;
	pthread_mutex_init(&ready->lock, NULL);
	pthread_cond_init(&ready->wanted, NULL);
	nachet_clock_condition_init(&ready->answered);
	ready->pool = pool;
	ready->logged = true;
	if (pthread_create(&ready->thread, NULL, run, ready) == 0)
		return ready;
	free_ready(ready);
	return NULL;
}

bool
nachet_ready_ask(NachetReady *ready)
{
	const struct timespec limit = nachet_clock_after(WAIT_S * 1000);
	unsigned long seen;
	bool answer;
	int status = 0;

	pthread_mutex_lock(&ready->lock);
	if (ready->answers > 0 && nachet_clock_ms() - ready->at < FRESH_MS)
		answer = ready->answer;
	else if (ready->waiters >= MAX_WAITERS)
		answer = false;
	else
	{
		ready->waiters++;
		seen = ready->answers;
		ready->asking = true;
		pthread_cond_signal(&ready->wanted);
		while (ready->answers == seen && status != ETIMEDOUT)
			status = pthread_cond_timedwait(&ready->answered, &ready->lock, &limit);
		ready->waiters--;
		answer = ready->answers != seen && ready->answer;
	}
	pthread_mutex_unlock(&ready->lock);
	return answer;
}

void
nachet_ready_stop(NachetReady *ready)
{
	if (ready == NULL)
		return;
	pthread_mutex_lock(&ready->lock);
	ready->stopping = true;
	pthread_cond_signal(&ready->wanted);
	pthread_mutex_unlock(&ready->lock);
	pthread_join(ready->thread, NULL);
	free_ready(ready);
}
