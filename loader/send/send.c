/*
 * loader/send/send.c
 *		A set's bytes into the datastore: hashed, compared, and sent where they are missing.
 *
 * Workers take batches of consecutive files from one cursor, and each does the whole of its batch
 * itself: reading and hashing in one overlap with another's sending and the server's sealing.
 * Memory is bounded by the workers' buffers: 64 MiB in all and 8 MiB each at most, whatever the
 * files' sizes, for a file that does not fit is streamed. What a lost connection undid is tried
 * again, as --retries has it: each time the sink is asked anew what is missing. The first failure
 * is kept and ends the others at their next batch.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/send/digest_table.h"
#include "loader/send/reader.h"
#include "loader/send/retry.h"
#include "loader/send/send.h"

#define ALL_BUFFERS_BYTES ((size_t) 64 * 1024 * 1024)
#define ONE_BUFFER_BYTES  ((size_t) 8 * 1024 * 1024)

/* What the workers share. */
typedef struct Stage
{
	NachetSession *session;
	NachetFiles *files;
	size_t buffer_size;
	pthread_mutex_t lock;    /* over all that follows */
	NachetDigestTable table; /* no slots while contents are sent again: all digests are known */
	size_t next;
	atomic_bool failed; /* trying again is pointless */
	NachetSent *sent;
	NachetError *error;
} Stage;

/* One worker, and its batch. */
typedef struct Sender
{
	Stage *stage;
	int worker;
	NachetReader reader;
	NachetBatch batch;             /* the files whose contents no other worker has claimed */
	bool sent[NACHET_BATCH_FILES]; /* missing when first asked: so it is this run that stores it */
	uint64_t sent_files;           /* whose storing the sink has acknowledged; each once */
	uint64_t sent_bytes;
} Sender;

static void
keep_failure(Stage *stage, NachetError *error)
{
	pthread_mutex_lock(&stage->lock);
	if (!stage->failed)
		*stage->error = *error;
	else
		nachet_error_clear(error);
	stage->failed = true;
	pthread_mutex_unlock(&stage->lock);
}

/* --- one worker ------------------------------------------------------------------------------- */

/* NULL, and the failure kept, if memory ran out. */
static Sender *
create_sender(Stage *stage, int worker)
{
	Sender *sender = calloc(1, sizeof(*sender));
	NachetError error = NACHET_ERROR_INIT;

	if (sender == NULL)
		nachet_error_set(&error, "out of memory");
	else if (nachet_reader_init(&sender->reader, stage->session, stage->files, stage->buffer_size,
	                            &error))
	{
		sender->stage = stage;
		sender->worker = worker;
		sender->batch.files = stage->files;
		return sender;
	}
	keep_failure(stage, &error);
	free(sender);
	return NULL;
}

/* Adds what the sender has sent to the stage's, and frees it. */
static void
end_sender(Sender *sender)
{
	NachetSent *sent = sender->stage->sent;

	pthread_mutex_lock(&sender->stage->lock);
	sent->files += sender->sent_files;
	sent->bytes += sender->sent_bytes;
	pthread_mutex_unlock(&sender->stage->lock);
	nachet_reader_free(&sender->reader);
	free(sender);
}

/* Adds a file to the batch, unless another worker or an earlier batch has claimed an equal one. */
static void
claim(Sender *sender, size_t index)
{
	NachetBatch *batch = &sender->batch;
	bool first = true;

	pthread_mutex_lock(&sender->stage->lock);
	if (sender->stage->table.slot != NULL)
		first = nachet_digest_table_claim(&sender->stage->table, batch->files, index);
	pthread_mutex_unlock(&sender->stage->lock);
	if (!first)
		return;
	sender->sent[batch->count] = false;
	batch->index[batch->count] = index;
	memcpy(batch->digest[batch->count], nachet_files_digest(sender->stage->files, index),
	       NACHET_SHA256_BYTES);
	batch->count++;
}

/* Sends what is missing: files in the buffer together, those that stream each on its own. */
static bool
send_batch(Sender *sender, NachetError *error)
{
	NachetSink *sink = sender->stage->session->sink;
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
try_batch(Sender *sender, NachetError *error)
{
	NachetSink *sink = sender->stage->session->sink;

	if (!sink->missing(sink, sender->worker, &sender->batch, error))
		return false;
	for (size_t i = 0; i < sender->batch.count; i++)
		sender->sent[i] = sender->sent[i] || sender->batch.missing[i];
	return sender->stage->session->options->dry_run || send_batch(sender, error);
}

/* This run has stored a file's content. One that was swept and is stored again counts once. */
static void
note_sent(Sender *sender, size_t index)
{
	NachetFile *file = &sender->stage->files->file[index];

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
store_batch(Sender *sender, NachetError *error)
{
	NachetRetry retry = {sender->stage->session, sender->worker, &sender->stage->failed, 0};
	size_t present = 0;
	bool stored;

	do
	{
		stored = sender->batch.count == 0 || try_batch(sender, error);
		if (!stored)
			nachet_reader_uncount(&sender->reader);
	} while (nachet_retry_again(&retry, stored, error));
	if (!stored)
		return false;
	for (size_t i = 0; i < sender->batch.count; i++)
	{
		NachetFile *file = &sender->stage->files->file[sender->batch.index[i]];

		if (sender->sent[i])
			note_sent(sender, sender->batch.index[i]);
		file->present = !file->sent;
		present += file->present;
	}
	nachet_progress_add_present(&sender->stage->session->progress, present);
	return true;
}

/*
 * Stores the contents of files first to first + count - 1, a batch at most, that are missing. Files
 * whose digests are not known yet are read first: several must fit into the buffer together.
 */
static bool
store_files(Sender *sender, size_t first, size_t count, NachetError *error)
{
	const NachetFile *file = &sender->stage->files->file[first];
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
	else if (!known && (!file->sent || sender->stage->session->options->dry_run))
		bytes = file->size - file->size / 2; /* it was not streamed for a second time */
	nachet_progress_add(&sender->stage->session->progress, count, bytes);
	return true;
}

/* Stores missing contents and makes the set in one transaction. All digests are known. */
static bool
store_set(Sender *sender, char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	NachetSink *sink = sender->stage->session->sink;
	NachetRetry retry = {sender->stage->session, sender->worker, &sender->stage->failed, 0};
	size_t count = sender->stage->files->count;
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
		made = sink->store_set(sink, sender->stage->files, &sender->reader, missing, set_id, error);
		for (size_t i = 0; i < count; i++)
			sent[i] = sent[i] || missing[i];
		if (!made)
			nachet_reader_uncount(&sender->reader);
	} while (nachet_retry_again(&retry, made, error));
	for (size_t i = 0; made && i < count; i++)
	{
		if (sent[i])
			note_sent(sender, i);
	}
	free(missing);
	return made;
}

/* --- all workers ------------------------------------------------------------------------------ */

/* The next batch: files that fit into a buffer together, or one that does not; 0 at the end. */
static size_t
take_batch(Stage *stage, size_t *first)
{
	size_t count = 0;
	uint64_t bytes = 0;

	pthread_mutex_lock(&stage->lock);
	*first = stage->next;
	while (!stage->failed && stage->next < stage->files->count && count < NACHET_BATCH_FILES)
	{
		bytes += stage->files->file[stage->next].size;
		if (count > 0 && bytes > stage->buffer_size)
			break;
		stage->next++;
		count++;
	}
	pthread_mutex_unlock(&stage->lock);
	return count;
}

/*
 * Whether a worker shall begin. All but the first leave the work to the others if the server has no
 * connection for them; what else is wrong comes out, or passes, when they need it.
 */
static bool
join_worker(Sender *sender)
{
	NachetSink *sink = sender->stage->session->sink;
	NachetError error = NACHET_ERROR_INIT;
	bool full;

	if (sender->worker == 0 || sink->join == NULL || sink->join(sink, sender->worker, &error))
		return true;
	full = strcmp(error.sqlstate, "53300") == 0;
	if (full)
		nachet_console_note(sender->stage->session->console,
		                    "continuing with one connection less: %s", error.message);
	nachet_error_clear(&error);
	return !full;
}

static void
send_batches(int worker, void *argument)
{
	Stage *stage = argument;
	Sender *sender = create_sender(stage, worker);
	NachetError error = NACHET_ERROR_INIT;
	size_t first;
	size_t count;
	bool joined;

	if (sender == NULL)
		return;
	joined = join_worker(sender);
	while (joined && (count = take_batch(stage, &first)) > 0)
	{
		if (!store_files(sender, first, count, &error))
			keep_failure(stage, &error);
	}
	end_sender(sender);
}

static size_t
buffer_size_for(uint64_t jobs)
{
	size_t share = ALL_BUFFERS_BYTES / jobs;

	return share < ONE_BUFFER_BYTES ? share : ONE_BUFFER_BYTES;
}

/* Whether all went well. */
static bool
end_stage(Stage *stage)
{
	nachet_progress_end(&stage->session->progress);
	pthread_mutex_destroy(&stage->lock);
	nachet_digest_table_free(&stage->table);
	return !stage->failed;
}

bool
nachet_send_files(NachetSession *session, NachetFiles *files, NachetSent *sent, NachetError *error)
{
	Stage stage = {.session = session, .files = files, .sent = sent, .error = error};
	uint64_t bytes = nachet_files_bytes(files);
	size_t batches;

	stage.buffer_size = buffer_size_for(session->options->jobs);
	pthread_mutex_init(&stage.lock, NULL);
	if (!nachet_digest_table_init(&stage.table, files->count))
	{
		nachet_error_set(error, "out of memory");
		stage.failed = true;
	}

	/* No more workers, and so no more connections, than there may be batches. */
	batches = bytes / stage.buffer_size + files->count / NACHET_BATCH_FILES + 1;
	if (batches > files->count)
		batches = files->count;
	nachet_progress_begin(&session->progress, NACHET_PHASE_SEND, files->count, bytes);
	if (!stage.failed && !nachet_session_run(session, batches, send_batches, &stage) &&
	    !stage.failed)
	{
		nachet_error_set(error, "no thread could be started");
		stage.failed = true;
	}
	sent->all = end_stage(&stage);
	return sent->all;
}

bool
nachet_send_again(NachetSession *session, NachetFiles *files, NachetSent *sent, char *set_id,
                  NachetError *error)
{
	Stage stage = {.session = session,
	               .files = files,
	               .buffer_size = ONE_BUFFER_BYTES,
	               .sent = sent,
	               .error = error};
	Sender *sender;
	size_t count;
	bool done;

	pthread_mutex_init(&stage.lock, NULL);
	sender = create_sender(&stage, 0);
	nachet_progress_begin(&session->progress, NACHET_PHASE_SEND, files->count, 0);
	done = sender != NULL && (set_id == NULL || store_set(sender, set_id, error));
	for (size_t first = 0; first < files->count && done && set_id == NULL; first += count)
	{
		count = files->count - first;
		if (count > NACHET_BATCH_FILES)
			count = NACHET_BATCH_FILES;
		done = store_files(sender, first, count, error);
	}
	if (sender != NULL)
		end_sender(sender);
	end_stage(&stage);
	return done;
}
