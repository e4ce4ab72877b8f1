/*
 * loader/client/statement.c
 *		One statement with a timeout of its own.
 *
 * Between a client and the server a pooler may lend one connection to many: no setting may outlive
 * the statement. Setting and statement go as one pipeline, which takes one round trip and is one
 * transaction up to its Sync, with which a local setting ends.
 */
#include <stdio.h>

#include "loader/client/statement.h"

/* The result of the pipeline's next statement; further ones it can't have. */
static PGresult *
next_result(PGconn *connection)
{
	PGresult *result = PQgetResult(connection);
	PGresult *more;

	while (result != NULL && (more = PQgetResult(connection)) != NULL)
		PQclear(more);
	return result;
}

static int
send_statement(PGconn *connection, const NachetStatement *statement)
{
	return PQsendQueryParams(connection, statement->sql, statement->count, statement->types,
	                         statement->values, statement->lengths, statement->formats,
	                         statement->result_format);
}

PGresult *
nachet_statement_run(PGconn *connection, const NachetStatement *statement, unsigned timeout)
{
	char seconds[16];
	const char *values[1] = {seconds};
	const NachetStatement setting = {
	    .sql = "SELECT pg_catalog.set_config('statement_timeout', $1, true)",
	    .count = 1,
	    .values = values};
	PGresult *set;
	PGresult *result;

	if (timeout == 0)
		return PQexecParams(connection, statement->sql, statement->count, statement->types,
		                    statement->values, statement->lengths, statement->formats,
		                    statement->result_format);
	snprintf(seconds, sizeof(seconds), "%us", timeout);
	if (PQenterPipelineMode(connection) != 1 || send_statement(connection, &setting) != 1 ||
	    send_statement(connection, statement) != 1 || PQpipelineSync(connection) != 1)
		return NULL;
	set = next_result(connection);
	result = next_result(connection);
	PQclear(PQgetResult(connection)); /* the Sync's own */
	if (PQresultStatus(set) != PGRES_TUPLES_OK)
	{
		PQclear(result);
		result = set;
	}
	else
		PQclear(set);
	(void) PQexitPipelineMode(connection);
	return result;
}
