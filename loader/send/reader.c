/*
 * loader/send/reader.c
 *		The bytes of a set's pictures, for the worker that sends them and for its sink.
 *
 * Files that fit into the buffer are read once, hashed there, and given to the sink from it. A
 * larger file streams through the same buffer: once to learn its digest, and once more only if the
 * sink reads it; the second reading must give the digest of the first. While a file is being sent
 * nothing but that file is waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/send/reader.h"

/* How much of a large file is read at once. */
#define BLOCK_BYTES (1024 * 1024)

bool
nachet_reader_init(NachetReader *reader, NachetSession *session, NachetFiles *files,
                   size_t buffer_size, NachetError *error)
{
	memset(reader, 0, sizeof(*reader));
	reader->session = session;
	reader->files = files;
	reader->buffer_size = buffer_size;
	reader->source.fd = -1;
	reader->buffer = malloc(buffer_size);
	reader->sha256 = nachet_sha256_create();
	if (reader->buffer == NULL)
		nachet_error_set(error, "out of memory");
	else if (reader->sha256 == NULL)
		nachet_error_set(error, "libcrypto has no SHA-256, or out of memory");
	else
		return true;
	nachet_reader_free(reader);
	return false;
}

void
nachet_reader_free(NachetReader *reader)
{
	nachet_source_close(&reader->source);
	nachet_sha256_free(reader->sha256);
	free(reader->buffer);
	memset(reader, 0, sizeof(*reader));
	reader->source.fd = -1;
}

void
nachet_reader_empty(NachetReader *reader)
{
	reader->held = 0;
	reader->used = 0;
}

bool
nachet_reader_refuse(NachetReader *reader, size_t index, const char *flaw, NachetError *error)
{
	NachetFile *file = &reader->files->file[index];
	char *name = nachet_files_display_name(reader->files, index);

	nachet_error_set(error, "%s: %s", name != NULL ? name : "?", flaw);
	nachet_report_entry(reader->session->report, name, "rejected", file, flaw);
	file->refused = true;
	atomic_fetch_add(&reader->files->rejected, 1);
	free(name);
	return false;
}

/* --- files, block by block -------------------------------------------------------------------- */

static bool
refuse_open_file(NachetReader *reader, NachetError *error)
{
	const char *flaw = reader->source.flaw;

	nachet_source_close(&reader->source);
	return nachet_reader_refuse(reader, reader->index, flaw != NULL ? flaw : "SHA-256 failed",
	                            error);
}

static bool
open_file(NachetReader *reader, size_t index, NachetError *error)
{
	nachet_source_close(&reader->source);
	reader->index = index;
	reader->at = 0;
	if (!nachet_source_open(&reader->source, reader->files, index) ||
	    !nachet_source_unchanged(&reader->source, &reader->files->file[index]) ||
	    !nachet_sha256_begin(reader->sha256))
		return refuse_open_file(reader, error);
	return true;
}

/* Reads and hashes the next bytes; 0 at the end, when the digest is known and the file closed. */
static bool
read_block(NachetReader *reader, char *block, size_t size, size_t *length, NachetError *error)
{
	const NachetFile *file = &reader->files->file[reader->index];
	bool done;

	if (nachet_session_interrupted(reader->session))
	{
		nachet_error_set(error, "interrupted");
		return false;
	}
	*length = file->size - reader->at < size ? (size_t) (file->size - reader->at) : size;
	if (*length > 0)
		done = nachet_source_read(&reader->source, reader->at, block, *length) &&
		       nachet_sha256_update(reader->sha256, block, *length);
	else
		done = nachet_source_unchanged(&reader->source, file) &&
		       nachet_sha256_finish(reader->sha256, reader->digest);
	if (!done)
		return refuse_open_file(reader, error);
	reader->at += *length;
	if (*length == 0)
		nachet_source_close(&reader->source);
	return true;
}

/* The next block of a file that streams through the buffer. */
static bool
stream_block(NachetReader *reader, size_t *length, NachetError *error)
{
	size_t size = reader->buffer_size < BLOCK_BYTES ? reader->buffer_size : BLOCK_BYTES;

	return read_block(reader, reader->buffer, size, length, error);
}

/* --- learning digests ------------------------------------------------------------------------- */

/* Reads a file whole into the buffer, behind those that are there. */
static bool
hold_file(NachetReader *reader, size_t index, NachetError *error)
{
	size_t size = (size_t) reader->files->file[index].size;
	size_t length;

	do
	{
		if (!read_block(reader, reader->buffer + reader->used + reader->at, size, &length, error))
			return false;
	} while (length > 0);
	if (reader->held == 0)
		reader->first = index;
	reader->offset[reader->held++] = reader->used;
	reader->used += size;
	return true;
}

/* Progress counts the two readings of a streamed file as half of it each. */
static bool
hash_file(NachetReader *reader, NachetError *error)
{
	size_t length;

	nachet_reader_empty(reader);
	do
	{
		if (!stream_block(reader, &length, error))
			return false;
		nachet_progress_add(&reader->session->progress, 0, length / 2);
	} while (length > 0);
	return true;
}

bool
nachet_reader_load(NachetReader *reader, size_t index, NachetError *error)
{
	NachetFile *file = &reader->files->file[index];
	bool fits =
	    reader->held < NACHET_BATCH_FILES && file->size <= reader->buffer_size - reader->used;

	if (!open_file(reader, index, error) ||
	    !(fits ? hold_file(reader, index, error) : hash_file(reader, error)))
		return false;
	memcpy(nachet_files_digest(reader->files, index), reader->digest, NACHET_SHA256_BYTES);
	file->hashed = true;
	return true;
}

/* --- what the sink reads ---------------------------------------------------------------------- */

static bool
is_held(const NachetReader *reader, size_t index)
{
	return index >= reader->first && index - reader->first < reader->held;
}

void
nachet_reader_uncount(NachetReader *reader)
{
	nachet_progress_add(&reader->session->progress, 0, -reader->counted);
	reader->counted = 0;
}

bool
nachet_reader_open(NachetReader *reader, size_t index, NachetError *error)
{
	if (!is_held(reader, index))
	{
		/* What was streamed of it in vain does not count. */
		if (reader->index == index)
			nachet_reader_uncount(reader);
		nachet_reader_empty(reader);
		return open_file(reader, index, error);
	}
	reader->index = index;
	reader->at = 0;
	return true;
}

static bool
read_held(NachetReader *reader, const char **bytes, size_t *length)
{
	uint64_t size = reader->files->file[reader->index].size;

	*bytes = reader->buffer + reader->offset[reader->index - reader->first];
	*length = reader->at == 0 ? (size_t) size : 0;
	reader->at = size;
	return true;
}

bool
nachet_reader_read(NachetReader *reader, const char **bytes, size_t *length, NachetError *error)
{
	if (is_held(reader, reader->index))
		return read_held(reader, bytes, length);
	if (!stream_block(reader, length, error))
		return false;
	*bytes = reader->buffer;
	if (*length == 0 && memcmp(reader->digest, nachet_files_digest(reader->files, reader->index),
	                           NACHET_SHA256_BYTES) != 0)
		return nachet_reader_refuse(reader, reader->index, "changed while it was being imported",
		                            error);
	reader->counted += *length - *length / 2;
	nachet_progress_add(&reader->session->progress, 0, *length - *length / 2);
	return true;
}
