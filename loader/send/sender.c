/*
 * loader/send/sender.c
 *		One worker of the sending, and what it does with one batch.
 *
 * It reads and hashes the batch's files, asks the sink which of their contents are missing, and has
 * the sink draw those from its reader.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/send/retry.h"
#include "loader/send/sender.h"

NachetSender *
nachet_sender_create(NachetSession *session, int worker, NachetFiles *files, size_t buffer_size,
                     NachetError *error)
{
	NachetSender *sender = calloc(1, sizeof(*sender));

	if (sender == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	sender->session = session;
	sender->worker = worker;
	sender->files = files;
	sender->batch.files = files;
	if (nachet_reader_init(&sender->reader, session, files, buffer_size, error))
		return sender;
	free(sender);
	return NULL;
}

void
nachet_sender_free(NachetSender *sender)
{
	if (sender != NULL)
		nachet_reader_free(&sender->reader);
	free(sender);
}

/* Adds a file to the batch, unless another worker or an earlier batch has claimed an equal one. */
static void
claim(NachetSender *sender, size_t index)
{
	NachetBatch *batch = &sender->batch;
	bool first = true;

	if (sender->table != NULL)
	{
		pthread_mutex_lock(sender->table_lock);
		first = nachet_digest_table_claim(sender->table, sender->files, index);
		pthread_mutex_unlock(sender->table_lock);
	}
	if (!first)
		return;
	sender->sent[batch->count] = false;
	batch->index[batch->count] = index;
	memcpy(batch->digest[batch->count], nachet_files_digest(sender->files, index),
	       NACHET_SHA256_BYTES);
	batch->count++;
}

/* Sends what is missing: files in the buffer together, those that stream each on its own. */
static bool
send_batch(NachetSender *sender, NachetError *error)
{
	NachetSink *sink = sender->session->sink;
	NachetBatch *batch = &sender->batch;
	size_t step = sender->reader.held > 0 ? batch->count : 1;

	for (size_t i = 0; i < batch->count; i += step)
	{
		if (!sink->send(sink, sender->worker, batch, &sender->reader, i, step, error))
			return false;
		sender->reader.counted = 0;
	}
	return true;
}

static bool
try_batch(NachetSender *sender, NachetError *error)
{
	NachetSink *sink = sender->session->sink;

	if (!sink->missing(sink, sender->worker, &sender->batch, error))
		return false;
	for (size_t i = 0; i < sender->batch.count; i++)
		sender->sent[i] = sender->sent[i] || sender->batch.missing[i];
	return sender->session->options->dry_run || send_batch(sender, error);
}

/* This run has stored a file's content. One that was swept since, and is stored again, counts once. */
static void
note_sent(NachetSender *sender, size_t index)
{
	NachetFile *file = &sender->files->file[index];

	if (!file->sent)
	{
		sender->sent_files++;
		sender->sent_bytes += file->size;
	}
	file->sent = true;
	file->present = false;
}

/* Stores the batch, again and again if the connection breaks, and takes note of what was sent. */
static bool
store_batch(NachetSender *sender, NachetError *error)
{
	NachetRetry retry = {sender->session, sender->worker, sender->stop, 0};
	size_t present = 0;

	while (sender->batch.count > 0 && !try_batch(sender, error))
	{
		nachet_reader_uncount(&sender->reader);
		if (!nachet_retry_wait(&retry, error))
			return false;
	}
	nachet_retry_done(&retry);
	for (size_t i = 0; i < sender->batch.count; i++)
	{
		NachetFile *file = &sender->files->file[sender->batch.index[i]];

		if (sender->sent[i])
			note_sent(sender, sender->batch.index[i]);
		file->present = !file->sent;
		present += file->present;
	}
	nachet_progress_add_present(&sender->session->progress, present);
	return true;
}

bool
nachet_sender_store(NachetSender *sender, size_t first, size_t count, NachetError *error)
{
	const NachetFile *file = &sender->files->file[first];
	bool known = file->hashed;
	uint64_t bytes = 0; /* that progress has not counted yet */

	sender->batch.count = 0;
	nachet_reader_empty(&sender->reader);
	for (size_t i = first; i < first + count; i++)
	{
		if (!known && !nachet_reader_load(&sender->reader, i, error))
			return false;
		claim(sender, i);
	}
	if (!store_batch(sender, error))
		return false;
	if (sender->reader.held > 0)
		bytes = sender->reader.used;
	else if (!known && (!file->sent || sender->session->options->dry_run))
		bytes = file->size - file->size / 2; /* it was not streamed for a second time */
	nachet_progress_add(&sender->session->progress, count, bytes);
	return true;
}

bool
nachet_sender_commit(NachetSender *sender, char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	NachetSink *sink = sender->session->sink;
	NachetRetry retry = {sender->session, sender->worker, sender->stop, 0};
	size_t count = sender->files->count;
	bool *missing = calloc(2 * count, sizeof(*missing));
	bool *sent;
	bool made = false;

	if (missing == NULL)
	{
		nachet_error_set(error, "out of memory");
		return false;
	}
	sent = missing + count;
	nachet_reader_empty(&sender->reader);
	do
	{
		nachet_reader_uncount(&sender->reader);
		made = sink->store_set(sink, sender->files, &sender->reader, missing, set_id, error);
		for (size_t i = 0; i < count; i++)
			sent[i] = sent[i] || missing[i];
	} while (!made && nachet_retry_wait(&retry, error));
	if (made)
		nachet_retry_done(&retry);
	for (size_t i = 0; made && i < count; i++)
	{
		if (sent[i])
			note_sent(sender, i);
	}
	free(missing);
	return made;
}
