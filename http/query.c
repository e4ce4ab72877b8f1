/*
 * http/query.c
 *		One statement over a pooled connection, which is held for that long and no longer.
 */
#include "pool.h"
#include "query.h"
#include "respond.h"

static PGresult *
run_once(NachetPool *pool, const NachetQuery *query, NachetError *error)
{
	NachetPooled pooled;
	PGresult *result;

	if (!nachet_pool_take(pool, &pooled, error))
		return NULL;
	result = PQexecParams(pooled.connection, query->sql, query->count, query->types, query->values,
	                      query->lengths, query->formats, 0);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, pooled.connection, result);
	else if (PQntuples(result) != 1)
		nachet_error_set(error, "a statement gave %d rows", PQntuples(result));
	if (error->set)
	{
		PQclear(result);
		result = NULL;
	}
	nachet_pool_give(pool, &pooled);
	return result;
}

PGresult *
nachet_query_row(NachetRequest *request, const NachetQuery *query, unsigned bad_request)
{
	NachetError error = NACHET_ERROR_INIT;
	PGresult *result;

	result = run_once(request->server->pool, query, &error);
	if (result == NULL && error.unreachable)
	{
		nachet_error_clear(&error);
		result = run_once(request->server->pool, query, &error);
	}
	if (result == NULL)
		nachet_respond_error(request, bad_request, &error);
	nachet_error_clear(&error);
	return result;
}
