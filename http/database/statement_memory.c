/*
 * http/database/statement_memory.c
 *		Memory for what long statements carry: their parameters, libpq's copies and their answers.
 *
 * Bodies wait in the spool until they are whole. Only while the database is asked does a request's
 * part of them lie in memory as one, and that memory comes from one budget: a request takes all
 * that it needs at once, so that no two can wait for each other. One request at a time waits for
 * its bytes, the others for their turn: bytes that become free gather for that one, so that many
 * small requests never keep a large one waiting for ever.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <microhttpd.h>

#include "loader/client/clock.h"
#include "http/database/statement_memory.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/shared.h"

/* The minimum, so that short manifests do not wait for each other if long ones are not taken. */
#define PARAMETERS_MINIMUM (UINT64_C(16) * 1024 * 1024)

/* A request that needs no more than this does not count. */
#define UNCOUNTED_BYTES (UINT64_C(256) * 1024)

struct NachetStatementMemory
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t free;
	bool claimed; /* a request waits for free to grow */
};

uint64_t
nachet_statement_memory_parameters(const NachetHttpOptions *options)
{
	return options->max_manifest_size > PARAMETERS_MINIMUM ? options->max_manifest_size
	                                                       : PARAMETERS_MINIMUM;
}

uint64_t
nachet_statement_memory_total(const NachetHttpOptions *options)
{
	return NACHET_MANIFEST_COPIES * nachet_statement_memory_parameters(options);
}

NachetStatementMemory *
nachet_statement_memory_create(const NachetHttpOptions *options)
{
	NachetStatementMemory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	pthread_mutex_init(&memory->lock, NULL);
	nachet_clock_condition_init(&memory->changed);
	memory->free = nachet_statement_memory_total(options);
	return memory;
}

void
nachet_statement_memory_free(NachetStatementMemory *memory)
{
	if (memory == NULL)
		return;
	pthread_cond_destroy(&memory->changed);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

/* Called with the lock held; false if the bytes do not become free by the limit. */
static bool
take_locked(NachetStatementMemory *memory, uint64_t bytes, const struct timespec *limit)
{
	int waited = 0;

	while (memory->claimed && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&memory->changed, &memory->lock, limit);
	if (memory->claimed)
		return false;
	memory->claimed = true;
	while (memory->free < bytes && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&memory->changed, &memory->lock, limit);
	memory->claimed = false;
	pthread_cond_broadcast(&memory->changed);
	if (memory->free < bytes)
		return false;
	memory->free -= bytes;
	return true;
}

bool
nachet_statement_memory_take(NachetRequest *request, uint64_t bytes)
{
	NachetStatementMemory *memory = request->server->statement_memory;
	const struct timespec limit =
	    nachet_clock_after((int64_t) request->server->options->pool_wait * 1000);
	bool taken;

	if (bytes <= UNCOUNTED_BYTES)
		return true;
	pthread_mutex_lock(&memory->lock);
	taken = take_locked(memory, bytes, &limit);
	pthread_mutex_unlock(&memory->lock);
	if (taken)
		request->statement_memory = bytes;
	else
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "The service has other long requests to finish; try again later.");
	return taken;
}

void
nachet_statement_memory_give(NachetRequest *request)
{
	NachetStatementMemory *memory = request->server->statement_memory;

	if (request->statement_memory == 0)
		return;
	pthread_mutex_lock(&memory->lock);
	memory->free += request->statement_memory;
	pthread_cond_broadcast(&memory->changed);
	pthread_mutex_unlock(&memory->lock);
	request->statement_memory = 0;
}
