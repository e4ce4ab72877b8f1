/*
 * http/database/query.c
 *		One statement over a pooled connection, which is held for that long and no longer.
 */
#include <string.h>

#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "http/database/pool.h"
#include "http/database/query.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/shared.h"

/* A connection that has carried more than this is not kept: libpq never gives its buffers back. */
#define CARRIED_BYTES ((size_t) 1024 * 1024)

static bool
was_large(const NachetStatement *statement, const PGresult *result)
{
	size_t bytes = PQresultMemorySize(result);

	for (int i = 0; i < statement->count; i++)
	{
		if (statement->values[i] == NULL)
			continue;
		bytes += statement->formats != NULL && statement->formats[i] == 1
		             ? (size_t) statement->lengths[i]
		             : strlen(statement->values[i]);
	}
	return bytes > CARRIED_BYTES;
}

/* *lost tells whether the connection broke while the statement ran. */
static PGresult *
run_once(NachetPool *pool, const NachetStatement *statement, bool *lost, NachetError *error)
{
	NachetPooled pooled;
	PGresult *result;

	*lost = false;
	if (!nachet_pool_take(pool, &pooled, error))
		return NULL;
	result =
	    nachet_statement_run(pooled.connection, statement, nachet_pool_statement_timeout(pool));
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, pooled.connection, result);
	else if (PQntuples(result) != 1)
		nachet_error_set(error, "a statement gave %d rows", PQntuples(result));
	*lost = error->unreachable && !nachet_pool_was_cut(pool, &pooled, error);
	if (!error->unreachable && was_large(statement, result))
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
run(NachetPool *pool, const NachetStatement *statement, NachetError *error)
{
	bool lost;
	PGresult *result = run_once(pool, statement, &lost, error);

	if (!lost)
		return result;
	nachet_error_clear(error);
	return run_once(pool, statement, &lost, error);
}

PGresult *
nachet_query_row(NachetRequest *request, const NachetStatement *statement, unsigned bad_request)
{
	NachetError error = NACHET_ERROR_INIT;
	PGresult *result = run(request->server->pool, statement, &error);

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
nachet_query_import(NachetRequest *request, const NachetStatement *import,
                    const NachetStatement *errors, unsigned bad_request)
{
	NachetError error = NACHET_ERROR_INIT;
	NachetError unlisted = NACHET_ERROR_INIT;
	PGresult *result = run(request->server->pool, import, &error);
	PGresult *listed = NULL;

	if (result == NULL && strcmp(error.sqlstate, NACHET_SQLSTATE_NOT_A_PICTURE) == 0)
		listed = run(request->server->pool, errors, &unlisted);
	if (result == NULL)
		nachet_respond_error_listed(request, bad_request, &error, value_of(listed, 0),
		                            value_of(listed, 1));
	PQclear(listed);
	nachet_error_clear(&unlisted);
	nachet_error_clear(&error);
	return result;
}
