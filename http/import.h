/*
 * http/import.h
 *		The pictures and fields of one multipart request, on their way into the datastore.
 */
#ifndef NACHET_HTTP_IMPORT_H
#define NACHET_HTTP_IMPORT_H

#include "fields.h"
#include "manifest.h"
#include "multipart.h"
#include "request.h"
#include "text.h"

/* What is done with the part that is being received. */
typedef enum NachetPartUse
{
	NACHET_PART_FIELD,
	NACHET_PART_PICTURE,
	NACHET_PART_NO_FILE, /* a browser's "no file selected": must have no bytes */
	NACHET_PART_CLUTTER  /* a desktop's own note: its bytes go nowhere */
} NachetPartUse;

/* Owned by the request; all but what the tally counts is its thread's alone. */
typedef struct NachetImport
{
	NachetRequest *request;
	NachetMultipart *parser;
	NachetFields fields;
	NachetManifest manifest;
	NachetTally *tally;
	NachetSha256 *sha256;
	NachetPartUse use;
	NachetText name;        /* of the picture being received */
	NachetSpooled *picture; /* its bytes so far; NULL between pictures */
} NachetImport;

/* NULL where memory ran out. */
extern NachetImport *nachet_import_create(NachetRequest *request, const char *boundary);

/* NULL is allowed. Pictures that were not sent yet are dropped. */
extern void nachet_import_free(NachetImport *import);

/* Some bytes of the body; where they can't be accepted the request has its answer. */
extern void nachet_import_receive(NachetImport *import, const char *bytes, size_t length);

/*
 * The body has ended: completes fields and manifest, and waits until all pictures are stored. True with the
 * bytes that were new; false where the request has its answer.
 */
extern bool nachet_import_finish(NachetImport *import, uint64_t *new_bytes)
    __attribute__((warn_unused_result));

#endif
