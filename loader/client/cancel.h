#ifndef NACHET_CLIENT_CANCEL_H
#define NACHET_CLIENT_CANCEL_H

#include <libpq-fe.h>

#ifdef LIBPQ_HAS_ASYNC_CANCEL
typedef PGcancelConn NachetCancel;
#else
typedef PGcancel NachetCancel;
#endif

/*
 * Made while nobody else uses the connection, and serves as long as that is the same session. NULL
 * if memory ran out.
 */
extern NachetCancel *nachet_cancel_create(PGconn *connection);

/*
 * Asks the server to cancel the statement under way, over a connection of its own; waits until the
 * server has taken the request. One thread at a time.
 */
extern void nachet_cancel_send(NachetCancel *cancel);
extern void nachet_cancel_free(NachetCancel *cancel);

#endif
