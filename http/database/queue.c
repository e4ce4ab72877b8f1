/*
 * http/database/queue.c
 *		Whole pictures into the datastore: a bounded queue, and threads that send many at a time.
 *
 * A sender takes what has gathered while it was busy, up to a batch, borrows a connection for that
 * batch alone, asks once which contents are missing, and sends those in one COPY, which is one
 * transaction. A picture in the queue is whole and needs nothing from its request any more, so that
 * the queue always empties: a full one makes requests wait, and never for each other. The queue's
 * bound is on the bytes that lie in it, the last picture's excess allowed, so that a large one is
 * not passed by for ever.
 *
 * The queue's lock is never held while a tally's is, nor while the database is asked.
 *
 * A tally counts what has become of one request's pictures. It is shared by the request's thread
 * and the senders. It lives until the request has released it and no picture is under way: the
 * request never waits for a sender to be rid of it. Nothing else is locked inside its lock.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/chunk_copy.h"
#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/sha256.h"
#include "http/body/spool.h"
#include "http/database/pool.h"
#include "http/database/queue.h"
#include "http/ops/metrics.h"

#define QUEUE_BYTES    (UINT64_C(64) * 1024 * 1024)
#define QUEUE_PICTURES 8192
#define BATCH_BYTES    (UINT64_C(16) * 1024 * 1024)
#define BATCH_PICTURES 1024

typedef struct Item
{
	struct Item *next;
	NachetTally *tally;
	NachetSpooled *picture;
} Item;

typedef struct Batch
{
	size_t count;
	Item items[BATCH_PICTURES]; /* sorted by digest */
	unsigned char digests[BATCH_PICTURES][NACHET_SHA256_BYTES];
	bool missing[BATCH_PICTURES];
	char buffer[NACHET_SPOOL_READ_BYTES];
} Batch;

typedef struct Sender
{
	NachetQueue *queue;
	Batch *batch;
	pthread_t thread;
} Sender;

struct NachetQueue
{
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_cond_t emptied;
	NachetPool *pool;
	Item *first;
	Item *last;
	size_t queued;
	uint64_t queued_bytes;
	bool stopping;
	size_t count;
	Sender sender[];
};

/* --- tallies ---------------------------------------------------------------------------------- */

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
nachet_queue_create_tally(void)
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
unlock_tally(NachetTally *tally)
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

/* One picture more to come. */
static void
note_pushed(NachetTally *tally)
{
	pthread_mutex_lock(&tally->lock);
	tally->under_way++;
	pthread_mutex_unlock(&tally->lock);
}

/* Whether the request still wants its pictures sent. */
static bool
is_wanted(NachetTally *tally)
{
	bool wanted;

	pthread_mutex_lock(&tally->lock);
	wanted = !tally->released && !tally->error.set;
	pthread_mutex_unlock(&tally->lock);
	return wanted;
}

bool
nachet_queue_has_failed(NachetTally *tally)
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
	unlock_tally(tally);
}

/* One picture is stored; new_bytes is 0 if its bytes were there already. */
static void
note_stored(NachetTally *tally, uint64_t new_bytes)
{
	pthread_mutex_lock(&tally->lock);
	tally->new_bytes += new_bytes;
	settle_one(tally);
}

/* One picture failed. */
static void
note_failed(NachetTally *tally, const NachetError *error)
{
	pthread_mutex_lock(&tally->lock);
	if (!tally->error.set)
		copy_error(&tally->error, error);
	settle_one(tally);
}

bool
nachet_queue_wait(NachetTally *tally, uint64_t *new_bytes, NachetError *error)
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
nachet_queue_release(NachetTally *tally)
{
	if (tally == NULL)
		return;
	pthread_mutex_lock(&tally->lock);
	tally->released = true;
	unlock_tally(tally);
}

/* --- the queue -------------------------------------------------------------------------------- */

static bool
is_full(const NachetQueue *queue)
{
	return queue->queued_bytes >= QUEUE_BYTES || queue->queued >= QUEUE_PICTURES;
}

void
nachet_queue_push(NachetQueue *queue, NachetTally *tally, NachetSpooled *picture)
{
	Item *item = malloc(sizeof(*item));

	note_pushed(tally);
	if (item == NULL)
	{
		NachetError error = NACHET_ERROR_INIT;

		nachet_error_set(&error, "out of memory");
		note_failed(tally, &error);
		nachet_error_clear(&error);
		nachet_spooled_free(picture);
		return;
	}
	item->next = NULL;
	item->tally = tally;
	item->picture = picture;

	pthread_mutex_lock(&queue->lock);
	while (is_full(queue))
		pthread_cond_wait(&queue->emptied, &queue->lock);
	if (queue->first == NULL)
		queue->first = item;
	else
		queue->last->next = item;
	queue->last = item;
	queue->queued++;
	queue->queued_bytes += picture->size;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}

/* Waits for pictures and takes up to a batch of them; false when there will be no more. */
static bool
take_batch(NachetQueue *queue, Batch *batch)
{
	uint64_t bytes = 0;

	batch->count = 0;
	pthread_mutex_lock(&queue->lock);
	while (queue->first == NULL && !queue->stopping)
		pthread_cond_wait(&queue->filled, &queue->lock);
	while (queue->first != NULL && batch->count < BATCH_PICTURES && bytes < BATCH_BYTES)
	{
		Item *item = queue->first;

		queue->first = item->next;
		queue->queued--;
		queue->queued_bytes -= item->picture->size;
		bytes += item->picture->size;
		batch->items[batch->count++] = *item;
		free(item);
	}
	pthread_cond_broadcast(&queue->emptied);
	pthread_mutex_unlock(&queue->lock);
	return batch->count > 0;
}

/* --- a batch ---------------------------------------------------------------------------------- */

/* Leaves out what nobody wants any more. */
static void
drop_unwanted(Batch *batch)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++)
	{
		Item *item = &batch->items[i];

		if (is_wanted(item->tally))
			batch->items[kept++] = *item;
		else
		{
			NachetError error = NACHET_ERROR_INIT;

			nachet_error_set(&error, "the request was abandoned");
			nachet_spooled_free(item->picture);
			note_failed(item->tally, &error);
			nachet_error_clear(&error);
		}
	}
	batch->count = kept;
}

static int
compare_items(const void *a, const void *b)
{
	return memcmp(((const Item *) a)->picture->digest, ((const Item *) b)->picture->digest,
	              NACHET_SHA256_BYTES);
}

/* Decides which pictures' bytes go over the line: each missing content once. */
static bool
find_missing(NachetPool *pool, const NachetPooled *pooled, Batch *batch, NachetError *error)
{
	for (size_t i = 0; i < batch->count; i++)
		memcpy(batch->digests[i], batch->items[i].picture->digest, NACHET_SHA256_BYTES);
	if (!nachet_datastore_missing(
	        pooled->connection, (const unsigned char(*)[NACHET_SHA256_BYTES]) batch->digests,
	        batch->count, nachet_pool_statement_timeout(pool), batch->missing, error))
		return false;
	for (size_t i = batch->count; i > 1; i--)
	{
		if (memcmp(batch->digests[i - 1], batch->digests[i - 2], NACHET_SHA256_BYTES) == 0)
			batch->missing[i - 1] = false;
	}
	return true;
}

static bool
copy_picture(NachetChunkCopy *copy, const NachetSpooled *picture, char *buffer, NachetError *error)
{
	uint64_t offset = 0;

	nachet_chunk_copy_content(copy);
	while (offset < picture->size)
	{
		const void *bytes;
		size_t length;

		if (!nachet_spooled_read(picture, offset, buffer, &bytes, &length, error) ||
		    !nachet_chunk_copy_write(copy, bytes, length, error))
			return false;
		offset += length;
	}
	return true;
}

static bool
copy_missing(NachetPool *pool, const NachetPooled *pooled, Batch *batch, NachetError *error)
{
	unsigned timeout = nachet_pool_statement_timeout(pool);
	NachetChunkCopy *copy = NULL;

	nachet_pool_bound(pool, pooled, timeout);

	for (size_t i = 0; i < batch->count; i++)
	{
		if (!batch->missing[i])
			continue;
		if (copy == NULL)
			copy = nachet_chunk_copy_begin(pooled->connection, pooled->chunk_size, timeout, error);
		if (copy == NULL)
			return false;
		if (!copy_picture(copy, batch->items[i].picture, batch->buffer, error))
		{
			nachet_chunk_copy_abort(copy);
			return false;
		}
	}
	return copy == NULL || nachet_chunk_copy_end(copy, error);
}

/* *lost tells whether the connection broke on the way. */
static bool
store_batch(NachetPool *pool, Batch *batch, bool *lost, NachetError *error)
{
	NachetPooled pooled;
	bool stored;

	*lost = false;
	if (!nachet_pool_take(pool, &pooled, error))
		return false;
	stored = find_missing(pool, &pooled, batch, error) && copy_missing(pool, &pooled, batch, error);
	*lost = error->unreachable && !nachet_pool_was_cut(pool, &pooled, error);
	nachet_pool_give(pool, &pooled);
	return stored;
}

static void
count_stored(const Batch *batch)
{
	uint64_t bytes = 0;
	size_t fresh = 0;

	for (size_t i = 0; i < batch->count; i++)
	{
		bytes += batch->missing[i] ? batch->items[i].picture->size : 0;
		fresh += batch->missing[i];
	}
	nachet_metrics_add(NACHET_COUNT_NEW_BYTES, bytes);
	nachet_metrics_add(NACHET_COUNT_NEW_PICTURES, fresh);
	nachet_metrics_add(NACHET_COUNT_KNOWN_PICTURES, batch->count - fresh);
}

/* Sends a batch, once more if the connection was lost on the way: all of it is still here. */
static void
send_batch(NachetPool *pool, Batch *batch)
{
	NachetError error = NACHET_ERROR_INIT;
	bool stored;
	bool lost;

	drop_unwanted(batch);
	if (batch->count == 0)
		return;
	qsort(batch->items, batch->count, sizeof(batch->items[0]), compare_items);
	stored = store_batch(pool, batch, &lost, &error);
	if (lost)
	{
		nachet_error_clear(&error);
		stored = store_batch(pool, batch, &lost, &error);
	}
	if (stored)
		count_stored(batch);
	for (size_t i = 0; i < batch->count; i++)
	{
		Item *item = &batch->items[i];
		uint64_t size = item->picture->size;

		/* The memory is free before its request can go on. */
		nachet_spooled_free(item->picture);
		if (stored)
			note_stored(item->tally, batch->missing[i] ? size : 0);
		else
			note_failed(item->tally, &error);
	}
	nachet_error_clear(&error);
}

/* --- the threads ------------------------------------------------------------------------------ */

static void *
run_sender(void *context)
{
	Sender *sender = context;

	while (take_batch(sender->queue, sender->batch))
		send_batch(sender->queue->pool, sender->batch);
	return NULL;
}

NachetQueue *
nachet_queue_start(NachetPool *pool, size_t count)
{
	NachetQueue *queue = calloc(1, sizeof(*queue) + count * sizeof(queue->sender[0]));

	if (queue == NULL)
		return NULL;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->emptied, NULL);
	queue->pool = pool;
	while (queue->count < count)
	{
		Sender *sender = &queue->sender[queue->count];

		sender->queue = queue;
		sender->batch = malloc(sizeof(*sender->batch));
		if (sender->batch == NULL || pthread_create(&sender->thread, NULL, run_sender, sender) != 0)
		{
			free(sender->batch);
			nachet_queue_stop(queue);
			return NULL;
		}
		queue->count++;
	}
	return queue;
}

void
nachet_queue_stop(NachetQueue *queue)
{
	if (queue == NULL)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
	for (size_t i = 0; i < queue->count; i++)
	{
		pthread_join(queue->sender[i].thread, NULL);
		free(queue->sender[i].batch);
	}
	pthread_cond_destroy(&queue->filled);
	pthread_cond_destroy(&queue->emptied);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
