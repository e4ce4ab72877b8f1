/*
 * loader/client/cancel.c
 *		Ends the statement of a connection from another thread.
 *
 * From version 17 libpq encrypts a cancel request as it does the connection. Before, it sends it in
 * clear: whoever reads it on the way can cancel this session's later statements, and nothing else.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "loader/client/cancel.h"

#ifdef LIBPQ_HAS_ASYNC_CANCEL

struct NachetCancel
{
	PGcancelConn *connection;
};

static bool
begin(NachetCancel *cancel, PGconn *connection)
{
	cancel->connection = PQcancelCreate(connection);
	return cancel->connection != NULL;
}

void
nachet_cancel_send(NachetCancel *cancel)
{
	(void) PQcancelBlocking(cancel->connection);
	PQcancelReset(cancel->connection);
}

static void
end(NachetCancel *cancel)
{
	PQcancelFinish(cancel->connection);
}

#else

struct NachetCancel
{
	PGcancel *connection;
};

static bool
begin(NachetCancel *cancel, PGconn *connection)
{
	cancel->connection = PQgetCancel(connection);
	return cancel->connection != NULL;
}

void
nachet_cancel_send(NachetCancel *cancel)
{
	char reason[256];

	(void) PQcancel(cancel->connection, reason, sizeof(reason));
}

static void
end(NachetCancel *cancel)
{
	PQfreeCancel(cancel->connection);
}

#endif

NachetCancel *
nachet_cancel_create(PGconn *connection)
{
	NachetCancel *cancel = malloc(sizeof(*cancel));

	if (cancel != NULL && begin(cancel, connection))
		return cancel;
	free(cancel);
	return NULL;
}

void
nachet_cancel_free(NachetCancel *cancel)
{
	if (cancel != NULL)
		end(cancel);
	free(cancel);
}
