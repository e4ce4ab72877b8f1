/*
 * http/database/query.c
 *		One statement over a pooled connection, which is held for that long and no longer.
 *
 * Bodies wait in the spool until they are whole. Only while the database is asked does a request's
 * part of them lie in memory as one, and that memory comes from one budget: a request takes all
 * that it needs at once, so that no two can wait for each other. One request at a time waits for
 * its bytes, the others for their turn: bytes that become free gather for that one, so that many
 * small requests never keep a large one waiting for ever.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/array.h"
#include "loader/client/clock.h"
#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/statement.h"
#include "http/database/pool.h"
#include "http/database/query.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/shared.h"

/* A connection that has carried more than this is not kept: libpq never gives its buffers back. */
#define CARRIED_BYTES ((size_t) 1024 * 1024)

static void
add(NachetQuery *query, const char *value, size_t length, int format)
{
	assert(query->count < NACHET_QUERY_PARAMETERS);
	query->values[query->count] = value;
	query->lengths[query->count] = (int) length;
	query->formats[query->count] = format;
	query->count++;
}

void
nachet_query_add_text(NachetQuery *query, const char *text)
{
	add(query, text, text != NULL ? strlen(text) : 0, 0);
}

void
nachet_query_add_number(NachetQuery *query, uint64_t number)
{
	char *text = query->numbers[query->count];

	snprintf(text, sizeof(query->numbers[0]), "%" PRIu64, number);
	nachet_query_add_text(query, text);
}

void
nachet_query_add_array(NachetQuery *query, const NachetArray *array)
{
	add(query, array->data, array->length, 1);
}

static bool
was_large(const NachetQuery *query, const PGresult *result)
{
	size_t bytes = PQresultMemorySize(result);

	for (int i = 0; i < query->count; i++)
		bytes += (size_t) query->lengths[i];
	return bytes > CARRIED_BYTES;
}

/* *lost tells whether the connection broke while the statement ran. */
static PGresult *
run_once(NachetPool *pool, const NachetQuery *query, bool *lost, NachetError *error)
{
	const NachetStatement statement = {.sql = query->sql,
	                                   .count = query->count,
	                                   .values = query->values,
	                                   .lengths = query->lengths,
	                                   .formats = query->formats};
	NachetPooled pooled;
	PGresult *result;

	*lost = false;
	if (!nachet_pool_take(pool, &pooled, error))
		return NULL;
	result =
	    nachet_statement_run(pooled.connection, &statement, nachet_pool_statement_timeout(pool));
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, pooled.connection, result);
	else if (PQntuples(result) != 1)
		nachet_error_set(error, "a statement returned %d rows", PQntuples(result));
	*lost = error->unreachable && !nachet_pool_was_cut(pool, &pooled, error);
	if (!error->unreachable && was_large(query, result))
		nachet_pool_drop(pool, &pooled);
	else
		nachet_pool_give(pool, &pooled);
	if (error->set)
	{
		PQclear(result);
		result = NULL;
	}
	return result;
}

/* Once more if the connection was lost. */
static PGresult *
run(NachetPool *pool, const NachetQuery *query, NachetError *error)
{
	bool lost;
	PGresult *result = run_once(pool, query, &lost, error);

	if (!lost)
		return result;
	nachet_error_clear(error);
	return run_once(pool, query, &lost, error);
}

PGresult *
nachet_query_row(NachetRequest *request, const NachetQuery *query, unsigned bad_request)
{
	NachetError error = NACHET_ERROR_INIT;
	PGresult *result = run(request->server->pool, query, &error);

	if (result == NULL)
		nachet_respond_error(request, bad_request, &error);
	nachet_error_clear(&error);
	return result;
}

/* The value of the result's only row; NULL if it is null or there is no result. */
static const char *
value_of(const PGresult *result, int column)
{
	return result == NULL || PQgetisnull(result, 0, column) ? NULL : PQgetvalue(result, 0, column);
}

PGresult *
nachet_query_import(NachetRequest *request, const NachetQuery *query, const char *errors,
                    int error_parameters, unsigned bad_request)
{
	NachetQuery listing = *query;
	NachetError error = NACHET_ERROR_INIT;
	NachetError unlisted = NACHET_ERROR_INIT;
	PGresult *result = run(request->server->pool, query, &error);
	PGresult *listed = NULL;

	listing.sql = errors;
	listing.count = error_parameters;
	if (result == NULL && strcmp(error.sqlstate, NACHET_SQLSTATE_NOT_A_PICTURE) == 0)
		listed = run(request->server->pool, &listing, &unlisted);
	if (result == NULL)
		nachet_respond_error_listed(request, bad_request, &error, value_of(listed, 0),
		                            value_of(listed, 1));
	PQclear(listed);
	nachet_error_clear(&unlisted);
	nachet_error_clear(&error);
	return result;
}

/* --- the memory of long statements ------------------------------------------------------------ */

/* The minimum, so that short manifests do not wait for each other if long ones are not taken. */
#define PARAMETERS_MINIMUM (UINT64_C(16) * 1024 * 1024)

/* A request that needs no more than this does not count. */
#define UNCOUNTED_BYTES (UINT64_C(256) * 1024)

struct NachetQueryMemory
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t free;
	bool claimed; /* a request waits for free to grow */
};

uint64_t
nachet_query_memory_parameters(const NachetHttpOptions *options)
{
	return options->max_manifest_size > PARAMETERS_MINIMUM ? options->max_manifest_size
	                                                       : PARAMETERS_MINIMUM;
}

uint64_t
nachet_query_memory_total(const NachetHttpOptions *options)
{
	return NACHET_MANIFEST_COPIES * nachet_query_memory_parameters(options);
}

NachetQueryMemory *
nachet_query_memory_create(const NachetHttpOptions *options)
{
	NachetQueryMemory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	pthread_mutex_init(&memory->lock, NULL);
	nachet_clock_condition_init(&memory->changed);
	memory->free = nachet_query_memory_total(options);
	return memory;
}

void
nachet_query_memory_free(NachetQueryMemory *memory)
{
	if (memory == NULL)
		return;
	pthread_cond_destroy(&memory->changed);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

/* Called with the lock held; false if the bytes do not become free by the limit. */
static bool
take_locked(NachetQueryMemory *memory, uint64_t bytes, const struct timespec *limit)
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
nachet_query_memory_take(NachetRequest *request, uint64_t bytes)
{
	NachetQueryMemory *memory = request->server->statement_memory;
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
		                       "The service is busy with other large requests; try again later.");
	return taken;
}

void
nachet_query_memory_give(NachetRequest *request)
{
	NachetQueryMemory *memory = request->server->statement_memory;

	if (request->statement_memory == 0)
		return;
	pthread_mutex_lock(&memory->lock);
	memory->free += request->statement_memory;
	pthread_cond_broadcast(&memory->changed);
	pthread_mutex_unlock(&memory->lock);
	request->statement_memory = 0;
}
