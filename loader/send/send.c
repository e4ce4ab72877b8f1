/*
 * loader/send/send.c
 *		A set's bytes into the datastore: hashed, compared, and sent where they are missing.
 *
 * Workers take batches of consecutive files from one cursor, and each does the whole of its batch itself:
 * reading and hashing in one overlap with another's sending and the server's sealing. Memory is bounded by
 * the workers' buffers: 64 MiB in all and 8 MiB each at most, whatever the files' sizes, for a file
 * that does not fit is streamed. The first failure is kept and ends the others at their next batch.
 */
#include <inttypes.h>
#include <string.h>

#include "loader/send/send.h"
#include "loader/send/sender.h"

#define ALL_BUFFERS_BYTES ((size_t) 64 * 1024 * 1024)
#define ONE_BUFFER_BYTES  ((size_t) 8 * 1024 * 1024)

typedef struct Stage
{
	NachetSession *session;
	NachetFiles *files;
	NachetDigestTable table;
	pthread_mutex_t lock; /* over all that follows, and table */
	size_t buffer_size;
	size_t next;
	atomic_bool failed;
	NachetSent *sent;
	NachetError *error;
} Stage;

/* The next batch: consecutive files that fit into a buffer together, or one that does not fit; 0 at the end. */
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

/*
 * Whether a worker shall begin. All but the first leave the work to the others where the server has no
 * connection for them; what else is wrong comes out, or passes, when they need it.
 */
static bool
join_worker(NachetSender *sender, int worker)
{
	NachetSink *sink = sender->session->sink;
	NachetError error = NACHET_ERROR_INIT;
	bool full;

	if (worker == 0 || sink->join == NULL || sink->join(sink, worker, &error))
		return true;
	full = strcmp(error.sqlstate, "53300") == 0;
	if (full)
		nachet_console_note(sender->session->console, "one connection less: %s", error.message);
	nachet_error_clear(&error);
	return !full;
}

static void
work(int worker, void *argument)
{
	Stage *stage = argument;
	NachetError error = NACHET_ERROR_INIT;
	NachetSender *sender;
	size_t first;
	size_t count;
	bool done = true;

	sender = nachet_sender_create(stage->session, worker, stage->files, stage->buffer_size, &error);
	if (sender == NULL)
	{
		keep_failure(stage, &error);
		return;
	}
	if (!join_worker(sender, worker))
	{
		nachet_sender_free(sender);
		return;
	}
	sender->stop = &stage->failed;
	sender->table = &stage->table;
	sender->table_lock = &stage->lock;
	while (done && (count = take_batch(stage, &first)) > 0)
	{
		done = nachet_sender_store(sender, first, count, &error);
	}
	pthread_mutex_lock(&stage->lock);
	stage->sent->files += sender->sent_files;
	stage->sent->bytes += sender->sent_bytes;
	pthread_mutex_unlock(&stage->lock);
	if (!done)
		keep_failure(stage, &error);
	nachet_sender_free(sender);
}

static size_t
buffer_size_for(uint64_t jobs)
{
	size_t share = ALL_BUFFERS_BYTES / jobs;

	return share < ONE_BUFFER_BYTES ? share : ONE_BUFFER_BYTES;
}

bool
nachet_send_files(NachetSession *session, NachetFiles *files, NachetSent *sent, NachetError *error)
{
	Stage stage = {.session = session, .files = files, .sent = sent, .error = error};
	uint64_t bytes = nachet_files_bytes(files);
	size_t batches;

	stage.buffer_size = buffer_size_for(session->options->jobs);
	if (!nachet_digest_table_init(&stage.table, files->count))
	{
		nachet_error_set(error, "out of memory");
		return false;
	}
	pthread_mutex_init(&stage.lock, NULL);

	/* No more workers, and so no more connections, than there may be batches. */
	batches = bytes / stage.buffer_size + files->count / NACHET_BATCH_FILES + 1;
	if (batches > files->count)
		batches = files->count;
	nachet_progress_begin(&session->progress, NACHET_PHASE_SEND, files->count, bytes);
	if (!nachet_session_run(session, batches, work, &stage) && !stage.failed)
	{
		nachet_error_set(error, "no thread could be started");
		stage.failed = true;
	}
	nachet_progress_end(&session->progress);
	pthread_mutex_destroy(&stage.lock);
	nachet_digest_table_free(&stage.table);
	sent->all = !stage.failed;
	return !stage.failed;
}

/* A sender for what is sent again, by one worker; NULL, and *error filled, on failure. */
static NachetSender *
begin_resending(NachetSession *session, NachetFiles *files, NachetError *error)
{
	NachetSender *sender = nachet_sender_create(session, 0, files, ONE_BUFFER_BYTES, error);

	if (sender != NULL)
		nachet_progress_begin(&session->progress, NACHET_PHASE_SEND, files->count, 0);
	return sender;
}

static void
end_resending(NachetSender *sender, NachetSent *sent)
{
	nachet_progress_end(&sender->session->progress);
	sent->files += sender->sent_files;
	sent->bytes += sender->sent_bytes;
	nachet_sender_free(sender);
}

bool
nachet_send_swept(NachetSession *session, NachetFiles *files, NachetSent *sent, NachetError *error)
{
	NachetSender *sender = begin_resending(session, files, error);
	size_t count;
	bool done = true;

	if (sender == NULL)
		return false;
	for (size_t first = 0; first < files->count && done; first += count)
	{
		count =
		    files->count - first < NACHET_BATCH_FILES ? files->count - first : NACHET_BATCH_FILES;
		done = nachet_sender_store(sender, first, count, error);
	}
	end_resending(sender, sent);
	return done;
}

bool
nachet_send_set(NachetSession *session, NachetFiles *files, NachetSent *sent,
                char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	NachetSender *sender = begin_resending(session, files, error);
	bool made;

	if (sender == NULL)
		return false;
	made = nachet_sender_commit(sender, set_id, error);
	end_resending(sender, sent);
	return made;
}
