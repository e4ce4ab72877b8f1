/*
 * http/database/query.h
 *		One statement over a pooled connection.
 */
#ifndef NACHET_HTTP_QUERY_H
#define NACHET_HTTP_QUERY_H

#include "loader/client/statement.h"

typedef struct NachetRequest NachetRequest;

/*
 * Runs a statement that gives one row, once more where the connection was lost: only for statements that may
 * run twice. The caller clears the result. On failure it is NULL, and the request has been answered as by
 * nachet_respond_error.
 */
extern PGresult *nachet_query_row(NachetRequest *request, const NachetStatement *statement,
                                  unsigned bad_request);

/*
 * The same for an import. If it refuses pictures, errors, another statement that gives one row, is
 * asked for the list of them and how many more there are, as text or null. It may fail: the answer
 * then has no list.
 */
extern PGresult *nachet_query_import(NachetRequest *request, const NachetStatement *import,
                                     const NachetStatement *errors, unsigned bad_request);

/* Such a statement, of a request's jsonb. */
#define NACHET_PICTURE_ERRORS(request)                                                             \
	"SELECT CASE WHEN answer OPERATOR(pg_catalog.->) 'errors' OPERATOR(pg_catalog.<>) '[]'"        \
	" THEN (answer OPERATOR(pg_catalog.->) 'errors')::pg_catalog.text END,"                        \
	" answer OPERATOR(pg_catalog.->>) 'errors_left_out'"                                           \
	" FROM (SELECT nachet.picture_errors(" request ") AS answer) AS e"

#endif
