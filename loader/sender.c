/*
 * loader/sender.c
 *		One worker of the sending: its connection, its buffer, and what it does with one batch.
 *
 * A batch's files are read once, into the buffer that the COPY is then fed from. A larger file streams
 * through the same buffer: once to learn its digest, and once more only if it must be sent; the second
 * reading must give the digest of the first. While a COPY is open nothing but that file is waited for, and
 * no connection stays in a transaction between batches.
 */
#include <stdlib.h>
#include <string.h>

#include "client/chunk_copy.h"
#include "client/datastore.h"
#include "retry.h"
#include "sender.h"
#include "source.h"

/* How much of a large file is read at once. */
#define BLOCK_BYTES (1024 * 1024)

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
	sender->session = session;
	sender->worker = worker;
	sender->files = files;
	sender->buffer_size = buffer_size;
	sender->sha256 = nachet_sha256_create();
	if (sender->sha256 == NULL)
	{
		nachet_error_set(error, "libcrypto has no SHA-256, or no memory is left");
		nachet_sender_free(sender);
		sender = NULL;
	}
	return sender;
}

bool
nachet_sender_connect(NachetSender *sender, NachetError *error)
{
	PGresult *result;
	bool done;

	if (sender->connection != NULL)
		return true;
	sender->connection = nachet_session_connection(sender->session, sender->worker, error);
	if (sender->connection == NULL)
		return false;

	/* Contents need not be durable before their set is; the set's own commit makes all before it so. */
	result = PQexec(sender->connection, "SET synchronous_commit = off");
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!done)
	{
		nachet_error_from_postgres(error, sender->connection, result);
		sender->connection = NULL;
	}
	PQclear(result);
	return done;
}

void
nachet_sender_free(NachetSender *sender)
{
	if (sender == NULL)
		return;
	nachet_sha256_free(sender->sha256);
	free(sender);
}

static bool
fail_file(NachetSender *sender, size_t index, const char *flaw, NachetError *error)
{
	char *name = nachet_files_display_name(sender->files, index);

	nachet_error_set(error, "%s: %s", name != NULL ? name : "?", flaw);
	nachet_report_rejected(sender->session->report, name, &sender->files->file[index], flaw);
	sender->files->file[index].refused = true;
	free(name);
	return false;
}

static bool
fail_interrupted(NachetError *error)
{
	nachet_error_set(error, "interrupted");
	return false;
}

/* Adds a file to the batch, unless an equal one is in somebody's hands. */
static void
claim(NachetSender *sender, size_t index, size_t offset)
{
	bool first = true;

	if (sender->table != NULL)
	{
		pthread_mutex_lock(sender->table_lock);
		first = nachet_digest_table_claim(sender->table, sender->files, index);
		pthread_mutex_unlock(sender->table_lock);
	}
	if (!first)
		return;
	sender->sent[sender->count] = false;
	sender->index[sender->count] = index;
	sender->offset[sender->count] = offset;
	memcpy(sender->digest[sender->count], nachet_files_digest(sender->files, index),
	       NACHET_SHA256_BYTES);
	sender->count++;
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

/* Asks which contents of the batch are missing. */
static bool
ask_missing(NachetSender *sender, NachetError *error)
{
	if (!nachet_sender_connect(sender, error) ||
	    !nachet_datastore_missing(sender->connection, sender->digest, sender->count,
	                              sender->missing, error))
		return false;
	for (size_t i = 0; i < sender->count; i++)
		sender->sent[i] = sender->sent[i] || sender->missing[i];
	return true;
}

/* Sends those of the batch that are missing, from the buffer, in one COPY. */
static bool
copy_missing(NachetSender *sender, NachetError *error)
{
	NachetChunkCopy *copy = NULL;

	for (size_t i = 0; i < sender->count; i++)
	{
		if (!sender->missing[i])
			continue;
		if (copy == NULL)
			copy = nachet_chunk_copy_begin(sender->connection, sender->session->chunk_size, error);
		if (copy == NULL)
			return false;
		nachet_chunk_copy_content(copy);
		if (!nachet_chunk_copy_write(copy, sender->buffer + sender->offset[i],
		                             sender->files->file[sender->index[i]].size, error))
		{
			nachet_chunk_copy_abort(copy);
			return false;
		}
	}
	return copy == NULL || nachet_chunk_copy_end(copy, error);
}

static bool
store_buffer(NachetSender *sender, NachetError *error)
{
	return ask_missing(sender, error) &&
	       (sender->session->options->dry_run || copy_missing(sender, error));
}

/* Stores the batch in one way, again and again where the connection breaks, and takes note of what was sent. */
static bool
store(NachetSender *sender, bool (*attempt)(NachetSender *sender, NachetError *error),
      NachetError *error)
{
	NachetRetry retry = {sender->session, sender->worker, sender->stop, 0};
	size_t present = 0;

	while (sender->count > 0 && !attempt(sender, error))
	{
		/* What was streamed in vain does not count. */
		nachet_progress_add(&sender->session->progress, 0, -sender->copied);
		sender->copied = 0;
		if (error->unreachable)
			sender->connection = NULL;
		if (!nachet_retry_wait(&retry, error))
			return false;
	}
	nachet_retry_done(&retry);
	for (size_t i = 0; i < sender->count; i++)
	{
		NachetFile *file = &sender->files->file[sender->index[i]];

		file->sent = file->sent || sender->sent[i];
		file->present = !file->sent;
		present += file->present;
		if (!sender->sent[i])
			continue;
		sender->sent_files++;
		sender->sent_bytes += file->size;
	}
	sender->copied = 0;
	nachet_progress_add_present(&sender->session->progress, present);
	return true;
}

bool
nachet_sender_batch(NachetSender *sender, size_t first, size_t count, NachetError *error)
{
	size_t offset = 0;

	sender->count = 0;
	for (size_t i = first; i < first + count; i++)
	{
		if (nachet_session_interrupted(sender->session))
			return fail_interrupted(error);
		if (!read_file(sender, i, offset, error))
			return false;
		claim(sender, i, offset);
		offset += sender->files->file[i].size;
	}
	if (!store(sender, store_buffer, error))
		return false;
	nachet_progress_add(&sender->session->progress, count, offset);
	return true;
}

/*
 * Streams a file through the buffer: hashes it, and writes it to a COPY unless that is NULL. Progress
 * counts the two readings of a file as half of it each.
 */
static bool
stream_file(NachetSender *sender, size_t index, NachetChunkCopy *copy,
            unsigned char digest[NACHET_SHA256_BYTES], NachetError *error)
{
	const NachetFile *file = &sender->files->file[index];
	size_t block = sender->buffer_size < BLOCK_BYTES ? sender->buffer_size : BLOCK_BYTES;
	uint64_t counted;
	NachetFileSource source;
	bool done = false;

	if (!nachet_source_open(&source, sender->files, index))
		return fail_file(sender, index, source.flaw, error);
	if (!nachet_source_unchanged(&source, file) || !nachet_sha256_begin(sender->sha256))
		goto fail;
	for (uint64_t at = 0; at < file->size;)
	{
		size_t length = file->size - at < block ? (size_t) (file->size - at) : block;

		if (nachet_session_interrupted(sender->session))
		{
			(void) fail_interrupted(error);
			goto done;
		}
		if (!nachet_source_read(&source, at, sender->buffer, length) ||
		    !nachet_sha256_update(sender->sha256, sender->buffer, length))
			goto fail;
		if (copy != NULL && !nachet_chunk_copy_write(copy, sender->buffer, length, error))
			goto done;
		at += length;
		counted = copy == NULL ? length / 2 : length - length / 2;
		if (copy != NULL)
			sender->copied += counted;
		nachet_progress_add(&sender->session->progress, 0, counted);
	}
	done = nachet_source_unchanged(&source, file) && nachet_sha256_finish(sender->sha256, digest);

fail:
	if (!done)
		(void) fail_file(sender, index, source.flaw != NULL ? source.flaw : "SHA-256 failed",
		                 error);
done:
	nachet_source_close(&source);
	return done;
}

/* Sends one file in a COPY of its own; its bytes must still have the digest that was asked about. */
static bool
copy_file(NachetSender *sender, size_t index, NachetError *error)
{
	unsigned char digest[NACHET_SHA256_BYTES];
	NachetChunkCopy *copy;

	copy = nachet_chunk_copy_begin(sender->connection, sender->session->chunk_size, error);
	if (copy == NULL)
		return false;
	nachet_chunk_copy_content(copy);
	if (!stream_file(sender, index, copy, digest, error))
	{
		nachet_chunk_copy_abort(copy);
		return false;
	}
	if (memcmp(digest, nachet_files_digest(sender->files, index), NACHET_SHA256_BYTES) != 0)
	{
		nachet_chunk_copy_abort(copy);
		return fail_file(sender, index, "changed while it was being imported", error);
	}
	return nachet_chunk_copy_end(copy, error);
}

static bool
store_streaming(NachetSender *sender, NachetError *error)
{
	if (!ask_missing(sender, error))
		return false;
	for (size_t i = 0; i < sender->count && !sender->session->options->dry_run; i++)
	{
		if (sender->missing[i] && !copy_file(sender, sender->index[i], error))
			return false;
	}
	return true;
}

bool
nachet_sender_large(NachetSender *sender, size_t index, NachetError *error)
{
	NachetFile *file = &sender->files->file[index];
	bool streamed;

	if (!stream_file(sender, index, NULL, nachet_files_digest(sender->files, index), error))
		return false;
	file->hashed = true;
	sender->count = 0;
	claim(sender, index, 0);
	if (!store(sender, store_streaming, error))
		return false;
	streamed = sender->count > 0 && sender->sent[0] && !sender->session->options->dry_run;
	nachet_progress_add(&sender->session->progress, 1, streamed ? 0 : file->size - file->size / 2);
	return true;
}

bool
nachet_sender_again(NachetSender *sender, size_t first, size_t count, NachetError *error)
{
	sender->count = 0;
	for (size_t i = first; i < first + count; i++)
		claim(sender, i, 0);
	if (!store(sender, store_streaming, error))
		return false;
	nachet_progress_add(&sender->session->progress, count, 0);
	return true;
}
