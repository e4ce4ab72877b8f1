/*
 * loader/client/cancel.c
 *		Ends the statement of a connection from another thread.
 *
 * From version 17 libpq encrypts a cancel request as it does the connection. Before, it sends it in
 * clear: whoever reads it on the way can cancel this session's later statements, and nothing else.
 */
#include "loader/client/cancel.h"

#ifdef LIBPQ_HAS_ASYNC_CANCEL

NachetCancel *
nachet_cancel_create(PGconn *connection)
{
	return PQcancelCreate(connection);
}

void
nachet_cancel_send(NachetCancel *cancel)
{
	(void) PQcancelBlocking(cancel);
	PQcancelReset(cancel);
}

void
nachet_cancel_free(NachetCancel *cancel)
{
	if (cancel != NULL)
		PQcancelFinish(cancel);
}

#else

NachetCancel *
nachet_cancel_create(PGconn *connection)
{
	return PQgetCancel(connection);
}

void
nachet_cancel_send(NachetCancel *cancel)
{
	char reason[256];

	(void) PQcancel(cancel, reason, sizeof(reason));
}

void
nachet_cancel_free(NachetCancel *cancel)
{
	PQfreeCancel(cancel);
}

#endif
