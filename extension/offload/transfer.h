#ifndef NACHET_OFFLOAD_TRANSFER_H
#define NACHET_OFFLOAD_TRANSFER_H

#include "lib/ilist.h"

#include "offload/store.h"

/*
 * One operation. The caller sets the first part, in zeroed memory of a context that outlives it;
 * the same transfer may be started again once it is done, for another operation.
 */
typedef struct NachetTransfer
{
	const NachetObjectStore *store;
	NachetObjectOperation operation;
	NachetObject object;
	void *argument; /* the functions' below, and the caller's own */

	/*
	 * The bytes to send, object.size of them: all are in the window if fill is NULL, else fill
	 * copies them into it piece by piece, from the first byte again at each try. It may raise
	 * errors.
	 */
	char *window;
	size_t window_size;
	void (*fill)(void *argument, int64 offset, char *buffer, size_t length);

	/*
	 * Where an object's bytes go, `expected` of them: all into the sink if drain is NULL, which
	 * must hold them, else drain takes them piece by piece, after restart at each try. Both may
	 * raise errors.
	 */
	char *sink; /* NULL: no bytes of an object are asked for */
	size_t sink_size;
	int64 expected;
	void (*restart)(void *argument);
	void (*drain)(void *argument, const char *data, size_t length);

	/* How it ended. */
	bool ok;
	long status;                /* of the last answer; 0: there was none */
	bool gone;                  /* the store says that it has no such object, not: no such bucket */
	char *error;                /* what was wrong, in one line without secrets; NULL if ok */
	NachetCurlRequest *request; /* the last one, with its answer, until the next start */

	/* Its own. */
	dlist_node node;
	MemoryContext home;
	MemoryContext attempt;
	int attempts;
	int64 filled;
	bool waiting;
	TimestampTz moved_at;
	TimestampTz again_at;
} NachetTransfer;

/* Transfers that are under way together. */
typedef struct NachetTransfers
{
	dlist_head list;
	int count;
} NachetTransfers;

extern void nachet_transfers_init(NachetTransfers *transfers);

/* Puts a transfer under way. */
extern void nachet_transfers_start(NachetTransfers *transfers, NachetTransfer *transfer);

/*
 * Carries all on until one is done, and returns it; NULL if none is under way. Cancelling the
 * statement ends it at once. An operation is done when it succeeds, is refused, has been tried
 * TRIES times, or when no byte has moved for nachet.object_store_timeout.
 */
extern NachetTransfer *nachet_transfers_wait(NachetTransfers *transfers);

/* Carries out one alone. */
extern bool nachet_transfer_run(NachetTransfer *transfer);

#endif
