/*
 * extension/offload/upload.c
 *		One content on its way to the object store: whole, or in parts.
 *
 * A content is read and hashed before its first byte is sent, and what the store is told to expect
 * is what was hashed: bytes that have gone bad in the database never leave it, and those that go
 * bad on the way are refused. Damaged chunks are met in a subtransaction, so that one content's end
 * is not all others'.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "damage.h"
#include "hash.h"
#include "offload/upload.h"
#include "pure/crc.h"
#include "pure/hex.h"
#include "settings.h"

/*
 * So much is read and hashed at a stretch: it stays in the processor's cache, and other uploads go
 * on.
 */
#define HASH_PIECE (512 * 1024)

/* S3 takes 10,000 parts at most, Azure 50,000. */
#define MAX_PARTS 10000

/* --- reading and hashing ---------------------------------------------------------------------- */

/* Checksums that are being made of an object's bytes; those that are not wanted are NULL. */
typedef struct Checksums
{
	NachetObject *object; /* gets them */
	pg_cryptohash_ctx *sha256;
	pg_cryptohash_ctx *md5;
	uint64 crc64;
	bool wants_crc64;
} Checksums;

static pg_cryptohash_ctx *
hash_begin(pg_cryptohash_type type, bool wanted)
{
	pg_cryptohash_ctx *hash = wanted ? pg_cryptohash_create(type) : NULL;

	if (hash != NULL)
		nachet_hash_begin(hash);
	return hash;
}

static void
hash_add(pg_cryptohash_ctx *hash, const char *bytes, size_t length)
{
	if (hash != NULL)
		nachet_hash_add(hash, bytes, length);
}

static void
hash_end(pg_cryptohash_ctx *hash, uint8 *digest, size_t length)
{
	if (hash == NULL)
		return;
	nachet_hash_end(hash, digest, length);
	pg_cryptohash_free(hash);
}

static Checksums
checksums_begin(NachetObject *object, int wanted)
{
	return (Checksums){.object = object,
	                   .sha256 = hash_begin(PG_SHA256, wanted & NACHET_CHECKSUM_SHA256),
	                   .md5 = hash_begin(PG_MD5, wanted & NACHET_CHECKSUM_MD5),
	                   .wants_crc64 = wanted & NACHET_CHECKSUM_CRC64};
}

static void
checksums_add(Checksums *checksums, const char *bytes, size_t length)
{
	hash_add(checksums->sha256, bytes, length);
	hash_add(checksums->md5, bytes, length);
	if (checksums->wants_crc64)
		checksums->crc64 = nachet_crc64_add(checksums->crc64, bytes, length);
}

static void
checksums_end(Checksums *checksums)
{
	NachetObject *object = checksums->object;

	hash_end(checksums->sha256, object->sha256, NACHET_SHA256_BYTES);
	hash_end(checksums->md5, object->md5, NACHET_MD5_BYTES);
	for (int i = 0; i < NACHET_CRC64_BYTES; i++)
		object->crc64[i] = (uint8) (checksums->crc64 >> 8 * i);
}

/*
 * Makes checksums of a range of the content, read through the window, which holds it afterwards
 * if it fits.
 */
static void
check_range(NachetObjectUpload *upload, NachetChunkReader *reader, int64 offset, int64 length,
            int wanted)
{
	Checksums checksums = checksums_begin(&upload->transfer.object, wanted);
	char *target = upload->window;

	while (length > 0)
	{
		size_t piece = (size_t) Min(length, HASH_PIECE);

		CHECK_FOR_INTERRUPTS();
		if (target + piece > upload->window + NACHET_UPLOAD_WINDOW)
			target = upload->window;
		nachet_chunk_reader_read(reader, offset, target, piece);
		checksums_add(&checksums, target, piece);
		target += piece;
		offset += (int64) piece;
		length -= (int64) piece;
		nachet_curl_step(0);
	}
	checksums_end(&checksums);
}

static NachetChunkReader *
open_reader(NachetObjectUpload *upload)
{
	NachetChunkReader *reader = nachet_chunk_reader_open(upload->snapshot);

	nachet_chunk_reader_select(reader, &upload->content);
	return reader;
}

/* Whether a content is sent by one request, and not in parts. */
static bool
fits_one_request(const NachetContent *content)
{
	return content->byte_size <= (int64) nachet_object_store_part_size * 1024;
}

/*
 * Raises an error unless the content is what its row says; computes the checksums that the store
 * gets.
 */
static void
check_content(void *argument)
{
	NachetObjectUpload *upload = argument;
	NachetObject *object = &upload->transfer.object;
	NachetChunkReader *reader = open_reader(upload);
	/* The checksum of a content that goes in parts is one for each part. */
	int sent_along = fits_one_request(&upload->content) ? upload->store->checksum : 0;

	check_range(upload, reader, 0, upload->content.byte_size, NACHET_CHECKSUM_SHA256 | sent_along);
	nachet_chunk_reader_close(reader);
	if (memcmp(object->sha256, upload->content.sha256, NACHET_SHA256_BYTES) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("bytes of content " INT64_FORMAT
		                       " in the database do not match its SHA-256",
		                       upload->content.id)));
}

/* --- what is sent, step by step --------------------------------------------------------------- */

static void
fill_window(void *argument, int64 offset, char *buffer, size_t length)
{
	NachetObjectUpload *upload = argument;

	nachet_chunk_reader_read(upload->reader, upload->part_offset + offset, buffer, length);
}

/* Sends bytes of the content: all of them, or a part. Their checksum is set. */
static void
send_bytes(NachetObjectUpload *upload, NachetTransfers *transfers, NachetObjectOperation operation,
           int64 size)
{
	upload->transfer.operation = operation;
	upload->transfer.object.size = size;
	upload->transfer.window = upload->window;
	upload->transfer.fill = size > NACHET_UPLOAD_WINDOW ? fill_window : NULL;
	nachet_transfers_start(transfers, &upload->transfer);
}

/* Sends a request about the upload itself, with a short text or none. */
static void
send_text(NachetObjectUpload *upload, NachetTransfers *transfers, NachetObjectOperation operation,
          char *body)
{
	NachetObject *object = &upload->transfer.object;
	size_t length = body != NULL ? strlen(body) : 0;
	Checksums checksums = checksums_begin(object, upload->store->checksum);

	checksums_add(&checksums, body, length);
	checksums_end(&checksums);
	upload->transfer.operation = operation;
	object->size = (int64) length;
	upload->transfer.window = body;
	upload->transfer.fill = NULL;
	nachet_transfers_start(transfers, &upload->transfer);
}

static void
send_part(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	const NachetObjectOperations *operations = upload->store->operations;
	NachetObject *object = &upload->transfer.object;
	int64 size = Min(upload->part_size, upload->content.byte_size - upload->part_offset);

	upload->stage = NACHET_UPLOAD_PART;
	object->part_no = ++upload->part_no;
	check_range(upload, upload->reader, upload->part_offset, size, upload->store->checksum);
	send_bytes(upload, transfers, operations->put_part, size);
}

static void
send_list(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	upload->stage = NACHET_UPLOAD_FINISH;
	appendStringInfoString(upload->parts, upload->store->operations->list_end);
	send_text(upload, transfers, upload->store->operations->finish_parts, upload->parts->data);
}

static void
start_parts(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	const NachetObjectOperations *operations = upload->store->operations;

	upload->part_size = Max((int64) nachet_object_store_part_size * 1024,
	                        (upload->content.byte_size + MAX_PARTS - 1) / MAX_PARTS);
	upload->parts = makeStringInfo();
	appendStringInfoString(upload->parts, operations->list_begin);
	if (operations->begin_parts == NULL)
	{
		send_part(upload, transfers);
		return;
	}
	upload->stage = NACHET_UPLOAD_BEGIN;
	send_text(upload, transfers, operations->begin_parts, NULL);
}

/* --- the upload ------------------------------------------------------------------------------- */

NachetObjectUpload *
nachet_object_upload_create(const NachetObjectStore *store)
{
	NachetObjectUpload *upload = palloc0(sizeof(NachetObjectUpload));

	upload->store = store;
	upload->context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet upload", ALLOCSET_DEFAULT_SIZES);
	upload->window = palloc(NACHET_UPLOAD_WINDOW);
	return upload;
}

static void
release(NachetObjectUpload *upload)
{
	if (upload->reader != NULL)
		nachet_chunk_reader_close(upload->reader);
	if (upload->snapshot != NULL)
		UnregisterSnapshot(upload->snapshot);
	upload->reader = NULL;
	upload->snapshot = NULL;
}

/* Forgets the content before. */
static void
clear(NachetObjectUpload *upload, const NachetContent *content, const char *prefix)
{
	char hex[2 * NACHET_SHA256_BYTES + 1];
	MemoryContext caller;

	MemoryContextReset(upload->context);
	nachet_hex_encode(content->sha256, NACHET_SHA256_BYTES, hex);
	upload->content = *content;
	/* Its strings are the caller's. */
	upload->content.format = upload->content.object_url = upload->content.object_etag = NULL;
	caller = MemoryContextSwitchTo(upload->context);
	upload->key = psprintf("%s/%s-" INT64_FORMAT, prefix, hex, content->object_id);
	MemoryContextSwitchTo(caller);
	upload->etag = upload->error = upload->upload_id = NULL;
	upload->part_offset = 0;
	upload->part_no = 0;
	memset(&upload->transfer, 0, sizeof(NachetTransfer));
	upload->transfer.store = upload->store;
	upload->transfer.object.key = upload->key;
	upload->transfer.object.length = -1;
	upload->transfer.argument = upload;
	upload->transfer.window_size = NACHET_UPLOAD_WINDOW;
}

bool
nachet_object_upload_prepare(NachetObjectUpload *upload, const NachetContent *content,
                             const char *prefix)
{
	MemoryContext caller;

	clear(upload, content, prefix);
	caller = MemoryContextSwitchTo(upload->context);
	/*
	 * The row was locked after the statement's own snapshot was taken: a later one sees its chunks.
	 */
	upload->snapshot = RegisterSnapshot(GetLatestSnapshot());
	upload->error = nachet_damage_guard(check_content, upload);
	if (upload->error != NULL || content->byte_size <= NACHET_UPLOAD_WINDOW)
		release(upload);
	else
		upload->reader = open_reader(upload);
	MemoryContextSwitchTo(caller);
	return upload->error == NULL;
}

void
nachet_object_upload_start(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	MemoryContext caller = MemoryContextSwitchTo(upload->context);

	if (fits_one_request(&upload->content))
	{
		upload->stage = NACHET_UPLOAD_WHOLE;
		send_bytes(upload, transfers, upload->store->operations->put, upload->content.byte_size);
	}
	else
		start_parts(upload, transfers);
	MemoryContextSwitchTo(caller);
}

/*
 * A failed upload in parts leaves nothing behind that would cost something, if the store can be
 * told.
 */
static bool
end_failed(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	upload->error = upload->transfer.error;
	if (upload->upload_id == NULL || upload->store->operations->abort_parts == NULL)
		return true;
	upload->stage = NACHET_UPLOAD_ABORT;
	upload->transfer.window = NULL;
	upload->transfer.fill = NULL;
	upload->transfer.operation = upload->store->operations->abort_parts;
	nachet_transfers_start(transfers, &upload->transfer);
	return false;
}

/*
 * The ETag that the store gave an object, in a header or in the answer that ends an upload in
 * parts; NULL if it gave none that can be stored.
 */
static char *
read_etag(const NachetCurlRequest *request)
{
	char *etag = request->etag[0] != '\0' ? pstrdup(request->etag)
	                                      : nachet_object_store_element(request->text, "ETag");

	return etag != NULL && nachet_object_store_is_etag(etag) ? etag : NULL;
}

/* Adds the part that was sent to the list of parts. */
static void
note_part(NachetObjectUpload *upload)
{
	const char *etag = read_etag(upload->transfer.request);

	upload->store->operations->list_part(upload->parts, upload->part_no, etag != NULL ? etag : "");
	upload->part_offset += upload->transfer.object.size;
}

/* A transfer has ended well: what comes next. Returns whether nothing does. */
static bool
next_step(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	const NachetObjectOperations *operations = upload->store->operations;

	switch (upload->stage)
	{
		case NACHET_UPLOAD_BEGIN:
			upload->upload_id = operations->read_upload_id(upload->transfer.request);
			upload->transfer.object.upload_id = upload->upload_id;
			if (upload->upload_id == NULL)
			{
				upload->error = "the response of the store has no upload ID";
				return true;
			}
			send_part(upload, transfers);
			return false;
		case NACHET_UPLOAD_PART:
			note_part(upload);
			if (upload->part_offset < upload->content.byte_size)
				send_part(upload, transfers);
			else
				send_list(upload, transfers);
			return false;
		case NACHET_UPLOAD_WHOLE:
		case NACHET_UPLOAD_FINISH:
			upload->etag = read_etag(upload->transfer.request);
			break;
		case NACHET_UPLOAD_ABORT:
			break;
	}
	return true;
}

bool
nachet_object_upload_advance(NachetObjectUpload *upload, NachetTransfers *transfers)
{
	MemoryContext caller = MemoryContextSwitchTo(upload->context);
	bool done;

	if (upload->transfer.ok || upload->stage == NACHET_UPLOAD_ABORT)
		done = next_step(upload, transfers);
	else
		done = end_failed(upload, transfers);
	if (done)
		release(upload);
	MemoryContextSwitchTo(caller);
	return done;
}
