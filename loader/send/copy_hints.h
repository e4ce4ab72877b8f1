#ifndef NACHET_LOADER_COPY_HINTS_H
#define NACHET_LOADER_COPY_HINTS_H

#include <libpq-fe.h>

/*
 * A hint for a SQLSTATE, which the caller frees; NULL if there is none, or no memory. The
 * connection may be NULL, lost or in a transaction: then it is not asked.
 */
extern char *nachet_copy_hint(PGconn *connection, const char *sqlstate);

#endif
