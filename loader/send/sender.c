/*
 * loader/send/sender.c
 *		One worker of the sending: its buffer, and what it does with one batch.
 *
 * A batch's files are read once, into the buffer that the sink then draws from. A larger file streams
 * through the same buffer: once to learn its digest, and once more only if it must be sent; the second
 * reading must give the digest of the first. While a file is being sent nothing but that file is waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/send/retry.h"
#include "loader/send/sender.h"

/* How much of a large file is read at once. */
#define BLOCK_BYTES (1024 * 1024)

/* --- what is wrong ------------------------------------------------------------------------------------- */

static bool
fail_file(NachetSender *sender, size_t index, const char *flaw, NachetError *error)
{
	char *name = nachet_files_display_name(sender->files, index);

	nachet_error_set(error, "%s: %s", name != NULL ? name : "?", flaw);
	nachet_report_entry(sender->session->report, name, "rejected", &sender->files->file[index],
	                    flaw);
	sender->files->file[index].refused = true;
	atomic_fetch_add(&sender->files->rejected, 1);
	free(name);
	return false;
}

static bool
refuse_content(NachetBatch *batch, size_t position, const char *flaw, NachetError *error)
{
	return fail_file((NachetSender *) batch, batch->index[position], flaw, error);
}

static bool
fail_interrupted(NachetError *error)
{
	nachet_error_set(error, "interrupted");
	return false;
}

/* --- reading a file through the buffer ------------------------------------------------------------------- */

static bool
fail_stream(NachetSender *sender, NachetError *error)
{
	const char *flaw = sender->source.flaw;

	nachet_source_close(&sender->source);
	return fail_file(sender, sender->reading, flaw != NULL ? flaw : "SHA-256 failed", error);
}

static bool
stream_open(NachetSender *sender, size_t index, NachetError *error)
{
	nachet_source_close(&sender->source);
	sender->reading = index;
	sender->at = 0;
	if (!nachet_source_open(&sender->source, sender->files, index) ||
	    !nachet_source_unchanged(&sender->source, &sender->files->file[index]) ||
	    !nachet_sha256_begin(sender->sha256))
		return fail_stream(sender, error);
	return true;
}

/* The next block; 0 bytes at the end, when the digest is known and the file closed. */
static bool
stream_read(NachetSender *sender, size_t *length, NachetError *error)
{
	const NachetFile *file = &sender->files->file[sender->reading];
	size_t block = sender->buffer_size < BLOCK_BYTES ? sender->buffer_size : BLOCK_BYTES;
	bool done;

	if (nachet_session_interrupted(sender->session))
		return fail_interrupted(error);
	*length = file->size - sender->at < block ? (size_t) (file->size - sender->at) : block;
	if (*length > 0)
		done = nachet_source_read(&sender->source, sender->at, sender->buffer, *length) &&
		       nachet_sha256_update(sender->sha256, sender->buffer, *length);
	else
		done = nachet_source_unchanged(&sender->source, file) &&
		       nachet_sha256_finish(sender->sha256, sender->streamed);
	if (!done)
		return fail_stream(sender, error);
	sender->at += *length;
	if (*length == 0)
		nachet_source_close(&sender->source);
	return true;
}

/* --- what the sink draws from the batch ------------------------------------------------------------------ */

/* What was streamed in vain does not count. */
static void
uncount(NachetSender *sender)
{
	nachet_progress_add(&sender->session->progress, 0, -sender->counted);
	sender->counted = 0;
}

static bool
open_content(NachetBatch *batch, size_t position, NachetError *error)
{
	NachetSender *sender = (NachetSender *) batch;

	if (sender->streaming)
	{
		if (sender->reading == batch->index[position])
			uncount(sender);
		return stream_open(sender, batch->index[position], error);
	}
	sender->reading = position;
	sender->at = 0;
	return true;
}

static bool
read_buffered(NachetSender *sender, const char **bytes, size_t *length)
{
	uint64_t size = sender->files->file[sender->batch.index[sender->reading]].size;

	*bytes = sender->buffer + sender->offset[sender->reading];
	*length = sender->at == 0 ? (size_t) size : 0;
	sender->at = size;
	return true;
}

/* Progress counts the two readings of a streamed file as half of it each. */
static bool
read_content(NachetBatch *batch, const char **bytes, size_t *length, NachetError *error)
{
	NachetSender *sender = (NachetSender *) batch;

	if (!sender->streaming)
		return read_buffered(sender, bytes, length);
	if (!stream_read(sender, length, error))
		return false;
	*bytes = sender->buffer;
	if (*length == 0 &&
	    memcmp(sender->streamed, nachet_files_digest(sender->files, sender->reading),
	           NACHET_SHA256_BYTES) != 0)
		return fail_file(sender, sender->reading, "changed while it was being imported", error);
	sender->counted += *length - *length / 2;
	nachet_progress_add(&sender->session->progress, 0, *length - *length / 2);
	return true;
}

/* --- a worker ------------------------------------------------------------------------------------------- */

NachetSender *
nachet_sender_create(NachetSession *session, int worker, NachetFiles *files, size_t buffer_size,
                     NachetError *error)
{
	NachetSender *sender = malloc(sizeof(*sender) + buffer_size);

	if (sender == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	memset(sender, 0, sizeof(*sender));
	sender->batch.files = files;
	sender->batch.open = open_content;
	sender->batch.read = read_content;
	sender->batch.refuse = refuse_content;
	sender->session = session;
	sender->worker = worker;
	sender->files = files;
	sender->buffer_size = buffer_size;
	sender->source.fd = -1;
	sender->sha256 = nachet_sha256_create();
	if (sender->sha256 == NULL)
	{
		nachet_error_set(error, "libcrypto has no SHA-256, or no memory is left");
		nachet_sender_free(sender);
		sender = NULL;
	}
	return sender;
}

void
nachet_sender_free(NachetSender *sender)
{
	if (sender == NULL)
		return;
	nachet_source_close(&sender->source);
	nachet_sha256_free(sender->sha256);
	free(sender);
}

/* --- batches --------------------------------------------------------------------------------------------- */

static void
begin_batch(NachetSender *sender, bool streaming)
{
	sender->batch.count = 0;
	sender->streaming = streaming;
}

/* Adds a file to the batch, unless an equal one is in somebody's hands. */
static void
claim(NachetSender *sender, size_t index, size_t offset)
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
	sender->offset[batch->count] = offset;
	batch->index[batch->count] = index;
	memcpy(batch->digest[batch->count], nachet_files_digest(sender->files, index),
	       NACHET_SHA256_BYTES);
	batch->count++;
}

/* Reads a file whole into the buffer, and hashes it. */
static bool
read_file(NachetSender *sender, size_t index, size_t offset, NachetError *error)
{
	const NachetFile *file = &sender->files->file[index];
	NachetFileSource source;
	bool done;

	if (!nachet_source_open(&source, sender->files, index))
		return fail_file(sender, index, source.flaw, error);
	done = nachet_source_unchanged(&source, file) &&
	       nachet_source_read(&source, 0, sender->buffer + offset, file->size) &&
	       nachet_source_unchanged(&source, file);
	nachet_source_close(&source);
	if (!done)
		return fail_file(sender, index, source.flaw, error);
	if (!nachet_sha256_begin(sender->sha256) ||
	    !nachet_sha256_update(sender->sha256, sender->buffer + offset, file->size) ||
	    !nachet_sha256_finish(sender->sha256, nachet_files_digest(sender->files, index)))
		return fail_file(sender, index, "SHA-256 failed", error);
	sender->files->file[index].hashed = true;
	return true;
}

/* Sends what is missing: files in the buffer together, those that stream each on its own. */
static bool
send_missing(NachetSender *sender, NachetError *error)
{
	NachetSink *sink = sender->session->sink;
	NachetBatch *batch = &sender->batch;
	size_t step = sender->streaming ? 1 : batch->count;

	for (size_t i = 0; i < batch->count; i += step)
	{
		if (!sink->send(sink, sender->worker, batch, i, step, error))
			return false;
		sender->counted = 0;
	}
	return true;
}

static bool
attempt(NachetSender *sender, NachetError *error)
{
	NachetSink *sink = sender->session->sink;

	if (!sink->missing(sink, sender->worker, &sender->batch, error))
		return false;
	for (size_t i = 0; i < sender->batch.count; i++)
		sender->sent[i] = sender->sent[i] || sender->batch.missing[i];
	return sender->session->options->dry_run || send_missing(sender, error);
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

/* Stores the batch, again and again where the connection breaks, and takes note of what was sent. */
static bool
store(NachetSender *sender, NachetError *error)
{
	NachetRetry retry = {sender->session, sender->worker, sender->stop, 0};
	size_t present = 0;

	while (sender->batch.count > 0 && !attempt(sender, error))
	{
		uncount(sender);
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
nachet_sender_batch(NachetSender *sender, size_t first, size_t count, NachetError *error)
{
	size_t offset = 0;

	begin_batch(sender, false);
	for (size_t i = first; i < first + count; i++)
	{
		if (nachet_session_interrupted(sender->session))
			return fail_interrupted(error);
		if (!read_file(sender, i, offset, error))
			return false;
		claim(sender, i, offset);
		offset += sender->files->file[i].size;
	}
	if (!store(sender, error))
		return false;
	nachet_progress_add(&sender->session->progress, count, offset);
	return true;
}

/* Hashes a file that does not fit into the buffer. */
static bool
hash_stream(NachetSender *sender, size_t index, NachetError *error)
{
	size_t length;

	if (!stream_open(sender, index, error))
		return false;
	do
	{
		if (!stream_read(sender, &length, error))
			return false;
		nachet_progress_add(&sender->session->progress, 0, length / 2);
	} while (length > 0);
	memcpy(nachet_files_digest(sender->files, index), sender->streamed, NACHET_SHA256_BYTES);
	sender->files->file[index].hashed = true;
	return true;
}

bool
nachet_sender_large(NachetSender *sender, size_t index, NachetError *error)
{
	NachetFile *file = &sender->files->file[index];
	bool streamed;

	if (!hash_stream(sender, index, error))
		return false;
	begin_batch(sender, true);
	claim(sender, index, 0);
	if (!store(sender, error))
		return false;
	streamed = sender->batch.count > 0 && sender->sent[0] && !sender->session->options->dry_run;
	nachet_progress_add(&sender->session->progress, 1, streamed ? 0 : file->size - file->size / 2);
	return true;
}

bool
nachet_sender_again(NachetSender *sender, size_t first, size_t count, NachetError *error)
{
	begin_batch(sender, true);
	for (size_t i = first; i < first + count; i++)
		claim(sender, i, 0);
	if (!store(sender, error))
		return false;
	nachet_progress_add(&sender->session->progress, count, 0);
	return true;
}

bool
nachet_sender_whole(NachetSender *sender, char set_id[NACHET_UUID_TEXT], NachetError *error)
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
	begin_batch(sender, true);
	do
	{
		uncount(sender);
		made = sink->commit_whole(sink, &sender->batch, missing, set_id, error);
		for (size_t i = 0; i < count; i++)
			sent[i] = sent[i] || missing[i];
	} while (!made && nachet_retry_wait(&retry, error));
	if (made)
	{
		nachet_retry_done(&retry);
		for (size_t i = 0; i < count; i++)
			if (sent[i])
				note_sent(sender, i);
	}
	free(missing);
	return made;
}
