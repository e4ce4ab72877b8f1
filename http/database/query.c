/*
 * http/database/query.c
 *		One statement over a pooled connection, which is held for that long and no longer.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loader/client/array.h"
#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/statement.h"
#include "http/database/pool.h"
#include "http/database/query.h"
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
		nachet_error_set(error, "a statement gave %d rows", PQntuples(result));
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
