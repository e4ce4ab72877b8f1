/*
 * extension/offload/transfer.c
 *		Operations on objects, carried out: tried again if that may help, their answers judged.
 *
 * A try begins from nothing: a new request, newly dated and signed, from the first byte. All
 * operations may be tried again, also if the store has carried one out and only its answer was
 * lost: an object's name always stands for the same bytes, and what is deleted may be deleted
 * again.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "offload/transfer.h"
#include "settings.h"

#define TRIES            8
#define FIRST_PAUSE_MS   100
#define LONGEST_PAUSE_MS 5000

/* Interrupts are looked for at least this often. */
#define STEP_MS 100

/* --- a try ------------------------------------------------------------------------------------ */

static void
begin_try(NachetTransfer *transfer)
{
	MemoryContext caller;
	NachetCurlRequest *request;

	MemoryContextReset(transfer->attempt);
	caller = MemoryContextSwitchTo(transfer->attempt);
	request = nachet_curl_create();
	transfer->operation(transfer->store, &transfer->object, request);
	request->ca_file = *nachet_object_store_ca_file != '\0' ? nachet_object_store_ca_file : NULL;
	request->loopback = transfer->store->loopback;
	request->timeout = nachet_object_store_timeout;
	request->window = transfer->window;
	request->window_end = transfer->fill == NULL ? (size_t) Max(request->body_size, 0) : 0;
	request->sink = transfer->sink;
	request->sink_size = transfer->sink_size;
	request->sink_limit = transfer->expected;
	transfer->filled = 0;
	transfer->request = request;
	transfer->waiting = false;
	transfer->attempts++;
	if (transfer->restart != NULL)
		transfer->restart(transfer->argument);
	nachet_curl_start(request);
	MemoryContextSwitchTo(caller);
}

/* Fills a window that is half empty, so that libcurl seldom has to wait. */
static void
top_up(NachetTransfer *transfer)
{
	NachetCurlRequest *request = transfer->request;
	size_t held = request->window_end - request->window_start;
	size_t length;

	if (transfer->fill == NULL || transfer->filled == transfer->object.size ||
	    held > transfer->window_size / 2)
		return;
	memmove(request->window, request->window + request->window_start, held);
	length = (size_t) Min((int64) (transfer->window_size - held),
	                      transfer->object.size - transfer->filled);
	transfer->fill(transfer->argument, transfer->filled, request->window + held, length);
	transfer->filled += (int64) length;
	request->window_start = 0;
	request->window_end = held + length;
	nachet_curl_resume(request);
}

static void
empty_sink(NachetTransfer *transfer)
{
	NachetCurlRequest *request = transfer->request;

	if (transfer->drain == NULL || request->sink_used == 0)
		return;
	transfer->drain(transfer->argument, request->sink, request->sink_used);
	request->sink_used = 0;
	nachet_curl_resume(request);
}

/* --- judging an answer ------------------------------------------------------------------------ */

/*
 * The store's own name of an error: in a header (Azure) or in the answer's XML; NULL if it gives
 * none.
 */
static const char *
refusal_code(const NachetCurlRequest *request)
{
	return request->error_code[0] != '\0' ? request->error_code
	                                      : nachet_object_store_element(request->text, "Code");
}

/* A store's refusal: the status, its code and its message. */
static void
append_refusal(StringInfo error, const NachetCurlRequest *request)
{
	const char *code = refusal_code(request);
	const char *message = nachet_object_store_element(request->text, "Message");

	appendStringInfo(error, "HTTP status %ld", request->status);
	if (code != NULL)
	{
		appendStringInfoChar(error, ' ');
		nachet_object_store_append_text(error, code);
	}
	if (message != NULL)
	{
		appendStringInfoString(error, ": ");
		nachet_object_store_append_text(error, message);
		if (error->data[error->len - 1] == '.') /* a detail adds its own */
			error->data[--error->len] = '\0';
	}
}

/*
 * Whether a refusal means that the object is not there. A bucket or an account that is not, is a
 * mistake.
 */
static bool
means_gone(const NachetTransfer *transfer)
{
	const char *code = refusal_code(transfer->request);

	return transfer->request->status == 404 && code != NULL &&
	       strcmp(code, transfer->store->operations->no_such_object) == 0;
}

/*
 * Sets ok or error, and returns whether another try may help: the store is busy or was not reached,
 * the connection broke, or bytes were damaged on the way.
 */
static bool
judge(NachetTransfer *transfer)
{
	NachetCurlRequest *request = transfer->request;
	StringInfoData error;
	bool again = true;

	initStringInfo(&error);
	transfer->ok = false;
	transfer->status = request->status;
	transfer->gone = false;
	if (!request->finished)
		appendStringInfo(&error, "less than 1 kB/s was transferred for %d ms", request->timeout);
	else if (request->status >= 300)
	{
		append_refusal(&error, request);
		transfer->gone = means_gone(transfer);
		/* 400 to bytes: stores have various codes for bytes that do not match the checksum. */
		again = request->status >= 500 || request->status == 408 || request->status == 429 ||
		        (request->status == 400 && request->body_size > 0);
	}
	else if (request->flaw != NULL)
	{
		nachet_object_store_append_text(&error, request->flaw); /* may quote a certificate */
		again = !request->hopeless;
	}
	else if (transfer->sink != NULL && request->received != transfer->expected)
	{
		appendStringInfo(&error, INT64_FORMAT " bytes were received instead of " INT64_FORMAT,
		                 request->received, transfer->expected);
		again = false;
	}
	else if (transfer->sink == NULL && strstr(request->text, "<Error>") != NULL)
		append_refusal(&error, request); /* S3 may find out after it has begun to answer */
	else
		transfer->ok = true;
	transfer->error = transfer->ok ? NULL : error.data;
	return again && !transfer->ok;
}

/* How long to wait before the next try: longer each time, and never all at the same moment. */
static long
pause_before_next(const NachetTransfer *transfer)
{
	long pause = FIRST_PAUSE_MS;
	uint8 random = 0;

	for (int i = 1; i < transfer->attempts && pause < LONGEST_PAUSE_MS; i++)
		pause *= 2;
	pause = Min(pause, LONGEST_PAUSE_MS);
	(void) pg_strong_random(&random, sizeof(random));
	pause = pause / 2 + pause / 2 * random / 255;
	return Max(pause, 1000L * transfer->request->retry_after);
}

/* A try has ended: the transfer is done, or waits for its next one. Returns whether it is done. */
static bool
end_try(NachetTransfer *transfer)
{
	MemoryContext caller = MemoryContextSwitchTo(transfer->home);
	bool again = judge(transfer);
	bool finished = transfer->request->finished;
	TimestampTz latest;

	MemoryContextSwitchTo(caller);
	nachet_curl_end(transfer->request);
	/* One that was given up has used up its time, whatever little came. */
	if (finished && (transfer->request->received > 0 || transfer->request->window_start > 0))
		transfer->moved_at = transfer->request->moved_at;
	if (!again || transfer->attempts >= TRIES)
		return true;
	transfer->again_at =
	    TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause_before_next(transfer));
	latest = TimestampTzPlusMilliseconds(transfer->moved_at, transfer->request->timeout);
	transfer->waiting = true;
	return transfer->again_at > latest;
}

/* --- many at once ----------------------------------------------------------------------------- */

void
nachet_transfers_init(NachetTransfers *transfers)
{
	dlist_init(&transfers->list);
	transfers->count = 0;
}

void
nachet_transfers_start(NachetTransfers *transfers, NachetTransfer *transfer)
{
	if (transfer->attempt == NULL)
	{
		transfer->home = CurrentMemoryContext;
		transfer->attempt =
		    AllocSetContextCreate(CurrentMemoryContext, "nachet transfer", ALLOCSET_DEFAULT_SIZES);
	}
	transfer->attempts = 0;
	transfer->ok = false;
	transfer->status = 0;
	transfer->gone = false;
	transfer->error = NULL;
	transfer->moved_at = GetCurrentTimestamp();
	begin_try(transfer);
	dlist_push_tail(&transfers->list, &transfer->node);
	transfers->count++;
}

/* Carries one transfer on; returns whether it is done. */
static bool
carry_on(NachetTransfer *transfer)
{
	if (transfer->waiting)
	{
		if (GetCurrentTimestamp() < transfer->again_at)
			return false;
		begin_try(transfer);
	}
	top_up(transfer);
	empty_sink(transfer);
	return (transfer->request->finished || nachet_curl_stands_still(transfer->request)) &&
	       end_try(transfer);
}

NachetTransfer *
nachet_transfers_wait(NachetTransfers *transfers)
{
	while (transfers->count > 0)
	{
		dlist_iter iter;

		CHECK_FOR_INTERRUPTS();
		dlist_foreach(iter, &transfers->list)
		{
			NachetTransfer *transfer = dlist_container(NachetTransfer, node, iter.cur);

			if (carry_on(transfer))
			{
				dlist_delete(&transfer->node);
				transfers->count--;
				return transfer;
			}
		}
		nachet_curl_step(STEP_MS);
	}
	return NULL;
}

bool
nachet_transfer_run(NachetTransfer *transfer)
{
	NachetTransfers alone;

	nachet_transfers_init(&alone);
	nachet_transfers_start(&alone, transfer);
	(void) nachet_transfers_wait(&alone);
	return transfer->ok;
}
