/*
 * http/database/tally.c
 *		What has become of the pictures of one request.
 *
 * Shared by the request's thread and the senders. It lives until the request has released it and no
 * picture is under way: the request never waits for a sender to be rid of it. Nothing else is
 * locked inside its lock.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/error.h"
#include "http/database/tally.h"

struct NachetTally
{
	pthread_mutex_t lock;
	pthread_cond_t settled; /* under_way became 0 */
	size_t under_way;       /* pictures pushed and neither stored nor failed */
	uint64_t new_bytes;
	bool released;
	NachetError error; /* the first */
};

NachetTally *
nachet_tally_create(void)
{
	NachetTally *tally = calloc(1, sizeof(*tally));

	if (tally == NULL)
		return NULL;
	pthread_mutex_init(&tally->lock, NULL);
	pthread_cond_init(&tally->settled, NULL);
	return tally;
}

static void
copy_error(NachetError *to, const NachetError *from)
{
	nachet_error_set(to, "%s", from->message);
	memcpy(to->sqlstate, from->sqlstate, sizeof(to->sqlstate));
	to->unreachable = from->unreachable;
	to->detail = from->detail != NULL ? strdup(from->detail) : NULL;
	to->hint = from->hint != NULL ? strdup(from->hint) : NULL;
}

/* Unlocks, and frees what nobody refers to any more. */
static void
unlock(NachetTally *tally)
{
	bool last = tally->released && tally->under_way == 0;

	pthread_mutex_unlock(&tally->lock);
	if (!last)
		return;
	nachet_error_clear(&tally->error);
	pthread_cond_destroy(&tally->settled);
	pthread_mutex_destroy(&tally->lock);
	free(tally);
}

void
nachet_tally_add(NachetTally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->under_way++;
	pthread_mutex_unlock(&tally->lock);
}

bool
nachet_tally_wanted(NachetTally *tally)
{
	bool wanted;

	pthread_mutex_lock(&tally->lock);
	wanted = !tally->released && !tally->error.set;
	pthread_mutex_unlock(&tally->lock);
	return wanted;
}

bool
nachet_tally_failed(NachetTally *tally)
{
	bool failed;

	pthread_mutex_lock(&tally->lock);
	failed = tally->error.set;
	pthread_mutex_unlock(&tally->lock);
	return failed;
}

static void
settle_one(NachetTally *tally)
{
	if (--tally->under_way == 0)
		pthread_cond_broadcast(&tally->settled);
	unlock(tally);
}

void
nachet_tally_stored(NachetTally *tally, uint64_t new_bytes)
{
	pthread_mutex_lock(&tally->lock);
	tally->new_bytes += new_bytes;
	settle_one(tally);
}

void
nachet_tally_fail(NachetTally *tally, const NachetError *error)
{
	pthread_mutex_lock(&tally->lock);
	if (!tally->error.set)
		copy_error(&tally->error, error);
	settle_one(tally);
}

bool
nachet_tally_wait(NachetTally *tally, uint64_t *new_bytes, NachetError *error)
{
	bool stored;

	pthread_mutex_lock(&tally->lock);
	while (tally->under_way > 0)
		pthread_cond_wait(&tally->settled, &tally->lock);
	*new_bytes = tally->new_bytes;
	stored = !tally->error.set;
	if (!stored)
		copy_error(error, &tally->error);
	pthread_mutex_unlock(&tally->lock);
	return stored;
}

void
nachet_tally_release(NachetTally *tally)
{
	if (tally == NULL)
		return;
	pthread_mutex_lock(&tally->lock);
	tally->released = true;
	unlock(tally);
}
