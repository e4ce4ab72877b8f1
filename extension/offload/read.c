/*
 * extension/offload/read.c
 *		Contents read from the object store.
 *
 * Nothing that comes from the store is believed. All bytes of a content have to have its SHA-256. A
 * range can't be checked so: it is asked for from the very version that was written (If-Match),
 * which a store refuses once the object was overwritten; if the version is not known or another
 * one, the whole content is read, checked, and the range cut from it.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "errcodes.h"
#include "hash.h"
#include "offload/read.h"
#include "offload/transfer.h"

/* So much of a content is held in memory while it is read through. */
#define SINK_SIZE (1024 * 1024)

/* Bytes that were damaged on the way are asked for once more. */
#define READS 2

static void
refuse(const NachetContent *content, const char *error)
{
	ereport(ERROR,
	        (errcode(ERRCODE_NACHET_OBJECT_STORE),
	         errmsg("could not read content " INT64_FORMAT " from the object store", content->id),
	         errdetail("\"%s\": %s.", content->object_url, error)));
}

/*
 * What an answer says of the object itself; NULL if it is the store's or the connection's trouble.
 */
static char *
judge_object(const NachetTransfer *transfer)
{
	if (transfer->gone)
		return psprintf("the object does not exist: %s", transfer->error);
	if ((transfer->status == 200 || transfer->status == 206) && transfer->request->finished &&
	    (transfer->request->flaw == NULL || transfer->request->hopeless))
		return psprintf("the object has the wrong size: %s", transfer->error);
	return NULL;
}

static void
set_transfer(NachetTransfer *transfer, const NachetContent *content, NachetObjectStore *store,
             NachetObjectOperation operation)
{
	memset(transfer, 0, sizeof(NachetTransfer));
	transfer->store = store;
	transfer->operation = operation;
	transfer->object.key = nachet_object_store_key(store, content->object_url);
	transfer->object.length = -1;
}

/* --- all of a content ------------------------------------------------------------------------- */

typedef struct Stream
{
	pg_cryptohash_ctx *hash;
	void (*restart)(void *argument);
	void (*take)(void *argument, const char *data, size_t length);
	void *argument;
} Stream;

static void
stream_restart(void *argument)
{
	Stream *stream = argument;

	nachet_hash_begin(stream->hash);
	if (stream->restart != NULL)
		stream->restart(stream->argument);
}

static void
stream_take(void *argument, const char *data, size_t length)
{
	Stream *stream = argument;

	nachet_hash_add(stream->hash, data, length);
	if (stream->take != NULL)
		stream->take(stream->argument, data, length);
}

/* Whether what has streamed by has that SHA-256. */
static bool
stream_is(Stream *stream, const uint8 *sha256)
{
	uint8 digest[NACHET_SHA256_BYTES];

	nachet_hash_end(stream->hash, digest, NACHET_SHA256_BYTES);
	return memcmp(digest, sha256, NACHET_SHA256_BYTES) == 0;
}

/*
 * One reading: NULL, or what is wrong with the object, in words of the current context; gone is set
 * if the store has no such object. Raises NC008.
 */
static char *
stream_once(const NachetContent *content, NachetObjectStore *store, Stream *stream, bool *gone)
{
	NachetTransfer transfer;
	char *wrong;

	set_transfer(&transfer, content, store, store->operations->get);
	transfer.sink = palloc(SINK_SIZE);
	transfer.sink_size = SINK_SIZE;
	transfer.expected = content->byte_size;
	transfer.restart = stream_restart;
	transfer.drain = stream_take;
	transfer.argument = stream;
	if (nachet_transfer_run(&transfer))
		return stream_is(stream, content->sha256)
		           ? NULL
		           : "its bytes do not match the SHA-256 of the content";
	*gone = transfer.gone;
	wrong = judge_object(&transfer);
	if (wrong == NULL)
		refuse(content, transfer.error);
	return wrong;
}

char *
nachet_object_stream(const NachetContent *content, void (*restart)(void *argument),
                     void (*take)(void *argument, const char *data, size_t length), void *argument)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet object read", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	NachetObjectStore *store = nachet_object_store_open();
	Stream stream = {pg_cryptohash_create(PG_SHA256), restart, take, argument};
	char *wrong = NULL;
	bool gone = false;

	for (int i = 0; i < READS && !gone; i++)
	{
		wrong = stream_once(content, store, &stream, &gone);
		if (wrong == NULL)
			break;
	}
	pg_cryptohash_free(stream.hash);
	MemoryContextSwitchTo(caller);
	if (wrong != NULL)
		wrong = pstrdup(wrong);
	MemoryContextDelete(context);
	return wrong;
}

/* --- a range ---------------------------------------------------------------------------------- */

/* Whether an answer is the range that was asked for, of an object of the right size, undamaged. */
static bool
is_range(const NachetCurlRequest *answer, const NachetContent *content, int64 offset, int64 length,
         const char *bytes)
{
	char *expected = psprintf("bytes " INT64_FORMAT "-" INT64_FORMAT "/" INT64_FORMAT, offset,
	                          offset + length - 1, content->byte_size);
	uint8 md5[NACHET_MD5_BYTES];

	if (answer->status != 206 || strcmp(answer->content_range, expected) != 0)
		return false;
	if (answer->content_md5[0] == '\0')
		return true;
	nachet_hash_bytes(PG_MD5, bytes, (size_t) length, md5, NACHET_MD5_BYTES);
	return strcmp(nachet_object_store_base64(md5, NACHET_MD5_BYTES), answer->content_md5) == 0;
}

/*
 * Reads a range of the version that was written; false if only reading all can tell. Raises
 * NC008.
 */
static bool
read_version(const NachetContent *content, int64 offset, int64 length, char *target)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet object read", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	NachetObjectStore *store = nachet_object_store_open();
	NachetTransfer transfer;
	bool is_right = false;

	set_transfer(&transfer, content, store, store->operations->get);
	transfer.object.offset = offset;
	transfer.object.length = length;
	transfer.object.etag = content->object_etag;
	transfer.sink = target;
	transfer.sink_size = (size_t) length;
	transfer.expected = length;
	if (nachet_transfer_run(&transfer))
		is_right = is_range(transfer.request, content, offset, length, target);
	else if (transfer.status != 412 && transfer.status != 416 && judge_object(&transfer) == NULL)
		refuse(content, transfer.error);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return is_right;
}

/* What of a content that streams by belongs to a range. */
typedef struct Cut
{
	int64 offset;
	int64 length;
	int64 passed;
	char *target;
} Cut;

static void
cut_restart(void *argument)
{
	((Cut *) argument)->passed = 0;
}

static void
cut_take(void *argument, const char *data, size_t length)
{
	Cut *cut = argument;
	int64 begin = Max(cut->offset, cut->passed);
	int64 end = Min(cut->offset + cut->length, cut->passed + (int64) length);

	if (begin < end)
		memcpy(cut->target + (begin - cut->offset), data + (begin - cut->passed), end - begin);
	cut->passed += (int64) length;
}

void
nachet_object_read(const NachetContent *content, int64 offset, int64 length, char *target)
{
	Cut cut = {.offset = offset, .length = length, .target = target};
	char *wrong;

	if (length == 0)
		return;
	if (length < content->byte_size && content->object_etag != NULL &&
	    nachet_object_store_is_etag(content->object_etag) &&
	    read_version(content, offset, length, target))
		return;
	wrong = nachet_object_stream(content, cut_restart, cut_take, &cut);
	if (wrong != NULL)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("content " INT64_FORMAT " is missing or damaged in the object store",
		                       content->id),
		                errdetail("\"%s\": %s.", content->object_url, wrong)));
}

/* --- checking --------------------------------------------------------------------------------- */

/*
 * Whether the store says, to a request for a byte, that the object is gone. Raises NC008 if it says
 * neither.
 */
static bool
is_gone(const NachetContent *content, NachetObjectStore *store)
{
	NachetTransfer transfer;
	char byte;

	set_transfer(&transfer, content, store, store->operations->get);
	transfer.object.length = 1;
	transfer.sink = &byte;
	transfer.sink_size = transfer.expected = 1;
	if (!nachet_transfer_run(&transfer) && !transfer.gone)
		refuse(content, transfer.error);
	return transfer.gone;
}

/*
 * What is wrong with the object by its size alone, in the current context. An answer to HEAD has no
 * body that would tell a missing object from a missing bucket: a second request asks for that.
 * Raises NC008.
 */
static char *
check_size(const NachetContent *content)
{
	NachetObjectStore *store = nachet_object_store_open();
	NachetTransfer transfer;
	bool ok;

	set_transfer(&transfer, content, store, store->operations->head);
	ok = nachet_transfer_run(&transfer);
	if (transfer.gone || (transfer.status == 404 && is_gone(content, store)))
		return "the object does not exist";
	if (!ok)
		refuse(content, transfer.error);
	if (transfer.request->content_length == content->byte_size)
		return NULL;
	return psprintf("the object has " INT64_FORMAT " bytes instead of " INT64_FORMAT,
	                transfer.request->content_length, content->byte_size);
}

char *
nachet_object_check(const NachetContent *content, bool read)
{
	MemoryContext context;
	MemoryContext caller;
	char *wrong;

	if (read)
		return nachet_object_stream(content, NULL, NULL, NULL);
	context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet object check", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	wrong = check_size(content);
	MemoryContextSwitchTo(caller);
	if (wrong != NULL)
		wrong = pstrdup(wrong);
	MemoryContextDelete(context);
	return wrong;
}
