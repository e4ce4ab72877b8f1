#ifndef NACHET_OFFLOAD_UPLOAD_H
#define NACHET_OFFLOAD_UPLOAD_H

#include "utils/snapshot.h"

#include "contents/chunk_reader.h"
#include "offload/transfer.h"

/*
 * A content up to this size is held in memory while it is sent; of a larger one, so much at a time.
 */
#define NACHET_UPLOAD_WINDOW (4 * 1024 * 1024)

/* What is sent next. */
typedef enum NachetUploadStage
{
	NACHET_UPLOAD_WHOLE,
	NACHET_UPLOAD_BEGIN,
	NACHET_UPLOAD_PART,
	NACHET_UPLOAD_FINISH,
	NACHET_UPLOAD_ABORT
} NachetUploadStage;

/* One upload; its memory serves one content after the other. */
typedef struct NachetObjectUpload
{
	const NachetObjectStore *store;
	MemoryContext context; /* of the content under way */
	NachetContent content;
	char *key;
	char *etag;  /* once it is done; NULL if the store gave none */
	char *error; /* why it failed; NULL */
	NachetTransfer transfer;
	char *window;
	Snapshot snapshot; /* held for the reader of a content that does not fit the window */
	NachetChunkReader *reader;
	NachetUploadStage stage;
	int64 part_size;
	int64 part_offset;
	int part_no;
	char *upload_id;
	StringInfo parts;
} NachetObjectUpload;

/* An idle upload in the current memory context. */
extern NachetObjectUpload *nachet_object_upload_create(const NachetObjectStore *store);

/*
 * Reads a content, whose row the caller has locked, and checks its SHA-256; uploads that are under
 * way go on meanwhile. False, with error set, if its chunks are damaged: then there is nothing
 * to send.
 */
extern bool nachet_object_upload_prepare(NachetObjectUpload *upload, const NachetContent *content,
                                         const char *prefix);

/* Begins to send what was prepared. */
extern void nachet_object_upload_start(NachetObjectUpload *upload, NachetTransfers *transfers);

/*
 * Goes on after a transfer of it is done; true once the upload is, well (error is NULL) or not.
 */
extern bool nachet_object_upload_advance(NachetObjectUpload *upload, NachetTransfers *transfers);

#endif
