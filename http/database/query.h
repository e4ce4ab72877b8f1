/*
 * http/database/query.h
 *		One statement over a pooled connection.
 */
#ifndef NACHET_HTTP_QUERY_H
#define NACHET_HTTP_QUERY_H

#include "loader/client/statement.h"
#include "http/request/request.h"

/*
 * Runs a statement that gives one row, once more where the connection was lost: only for statements that may
 * run twice. The caller clears the result. On failure it is NULL, and the request has been answered as by
 * nachet_respond_error.
 */
extern PGresult *nachet_query_row(NachetRequest *request, const NachetStatement *statement,
                                  unsigned bad_request);

#endif
