#ifndef NACHET_CLIENT_CONNECTION_H
#define NACHET_CLIENT_CONNECTION_H

#include <libpq-fe.h>

#include "loader/client/error.h"

/*
 * Connects. conninfo is a connection string or URI as psql takes it, or NULL for libpq's
 * environment. The connection speaks UTF-8, keeps alive, has application_name set, and prints no
 * notices. NULL, and *error filled, on failure: with the SQLSTATE if a server gave one, and
 * transient unless the server is there and refuses for good (a wrong password, no such database).
 * One login at most.
 */
extern PGconn *nachet_connection_open(const char *conninfo, const char *application_name,
                                      NachetError *error);

#endif
