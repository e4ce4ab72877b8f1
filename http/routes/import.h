#ifndef NACHET_HTTP_IMPORT_H
#define NACHET_HTTP_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/routes/fields.h"
#include "http/routes/picture_list.h"
#include "loader/client/text.h"

typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetMultipart NachetMultipart;
typedef struct NachetRequest NachetRequest;
typedef struct NachetSha256 NachetSha256;
typedef struct NachetSpooled NachetSpooled;
typedef struct NachetTally NachetTally;

/* What becomes of the pictures. */
typedef enum NachetImportKind
{
	NACHET_IMPORT_FOLDER, /* one set, under their names in the folder */
	NACHET_IMPORT_STAGE   /* stored bytes; the names are echoed, and what is no picture is noted */
} NachetImportKind;

/* The use of the part that is being received. */
typedef enum NachetPartUse
{
	NACHET_PART_FIELD,
	NACHET_PART_PICTURE,
	NACHET_PART_NO_FILE, /* a browser's "no file selected": must have no bytes */
	NACHET_PART_LEFT_OUT /* machine-made: its bytes go nowhere */
} NachetPartUse;

#define NACHET_IMPORT_LEFT_OUT_KINDS 4

/* Files of a folder that a NAS, a desktop or a program has made for itself, such as thumbnails. */
typedef struct NachetImportLeftOut
{
	uint64_t files;
	int kinds; /* of which there are examples */
	NachetText component[NACHET_IMPORT_LEFT_OUT_KINDS];
	const char *what[NACHET_IMPORT_LEFT_OUT_KINDS];
} NachetImportLeftOut;

/* Owned by the request; all but what the tally counts is its thread's alone. */
typedef struct NachetImport
{
	NachetRequest *request;
	NachetImportKind kind;
	NachetMultipart *parser;
	NachetFields fields;
	NachetPictureList pictures;
	NachetImportLeftOut left_out;
	NachetTally *tally;
	NachetSha256 *sha256;
	bool fields_checked;
	NachetPartUse use;
	NachetText name;        /* of the picture being received */
	NachetSpooled *picture; /* its bytes so far; NULL between pictures */
} NachetImport;

/* The most bytes of a body. */
extern uint64_t nachet_import_body_limit(const NachetHttpOptions *options);

/*
 * A route's begin, receive and finish; the request's state is the import. An authenticated user
 * must be registered, or nothing of the body is taken.
 */
extern void nachet_import_begin(NachetRequest *request, NachetImportKind kind);
extern void nachet_import_receive(NachetRequest *request, const char *bytes, size_t length);
extern void nachet_import_finish_request(NachetRequest *request);

/*
 * The body has ended: waits until all pictures are stored, then completes fields and pictures as
 * parameters of a statement, whose memory nachet_import_release gives back. True with the bytes
 * that were new; false if the request has its answer.
 */
extern bool nachet_import_finish(NachetImport *import, uint64_t *new_bytes)
    __attribute__((warn_unused_result));

/* Adds a JSON object that tells what was left out; it is empty if nothing was. */
extern void nachet_import_write_left_out(const NachetImport *import, NachetText *json);

/* The statement has run, and its answer is made: it may take long until the client has it. */
extern void nachet_import_release(NachetImport *import);

#endif
