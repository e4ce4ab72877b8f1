#ifndef NACHET_CLIENT_STATEMENT_H
#define NACHET_CLIENT_STATEMENT_H

#include <libpq-fe.h>

/* As PQexecParams takes them. */
typedef struct NachetStatement
{
	const char *sql;
	int count; /* of parameters */
	const Oid *types;
	const char *const *values;
	const int *lengths;
	const int *formats;
	int result_format;
} NachetStatement;

/*
 * Runs it outside any transaction, and has the server cancel it after so many seconds; 0: as the
 * role has it. No setting stays behind on the connection. The caller clears the result, which is
 * NULL if libpq failed. If the connection is then in a pipeline still, it must be closed.
 */
extern PGresult *nachet_statement_run(PGconn *connection, const NachetStatement *statement,
                                      unsigned timeout);

#endif
