/*
 * http/query.h
 *		One statement over a pooled connection.
 */
#ifndef NACHET_HTTP_QUERY_H
#define NACHET_HTTP_QUERY_H

#include <libpq-fe.h>

#include "loader/client/error.h"
#include "pool.h"

/* A statement's parameters, as PQexecParams takes them; results come as text. */
typedef struct NachetQuery
{
	const char *sql;
	int count;
	const Oid *types;
	const char *const *values;
	const int *lengths;
	const int *formats;
} NachetQuery;

/*
 * Runs a statement that gives one row, once more where the connection was lost: only for statements that may
 * run twice. The caller clears the result. NULL, with *error filled, on failure.
 */
extern PGresult *nachet_query_row(NachetPool *pool, const NachetQuery *query, NachetError *error);

#endif
