/*
 * loader/send/sink.h
 *		Where imports go: into the database by COPY, or through nachet-http.
 *
 * Listing, checking, reading, retrying and telling know this interface alone. A sink does each
 * thing once: what failed is tried again by its caller (retry.h), who first asks anew what is
 * missing. Functions that fail fill *error and log nothing. A worker's functions are called by one
 * thread at a time.
 */
#ifndef NACHET_LOADER_SINK_H
#define NACHET_LOADER_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/client/error.h"
#include "loader/client/sha256.h"
#include "loader/files/files.h"

/* The maximum of files in a batch: bounds the question about missing contents, and a sealing. */
#define NACHET_BATCH_FILES 4096

#define NACHET_UUID_TEXT 37

typedef struct NachetReader NachetReader;
typedef struct NachetSink NachetSink;

/* Files of one set whose contents are all different. */
typedef struct NachetBatch
{
	const NachetFiles *files;
	size_t count;
	size_t index[NACHET_BATCH_FILES]; /* into files */
	unsigned char digest[NACHET_BATCH_FILES][NACHET_SHA256_BYTES];
	bool missing[NACHET_BATCH_FILES]; /* when last asked */
} NachetBatch;

/* Of the functions, those marked with a star may be NULL: there is nothing to do. */
struct NachetSink
{
	const char *destination; /* "the database", "the service" */
	void *state;             /* the sink's own */

	/* The first contact: learns what the others must know. */
	bool (*open)(NachetSink *sink, NachetError *error);

	/* * Makes a worker's connection before anything else needs it. */
	bool (*join)(NachetSink *sink, int worker, NachetError *error);

	/* * Closes a worker's connection, so that the next use makes another. */
	void (*drop)(NachetSink *sink, int worker);

	/* Whether this user may make a set of this seed, name and data. */
	bool (*ask)(NachetSink *sink, const NachetFiles *files, NachetError *error);

	/* * Whether a settled list fits through; no digest is known yet. */
	bool (*admit)(NachetSink *sink, const NachetFiles *files, NachetError *error);

	/* Fills in which of the batch's contents are missing. */
	bool (*missing)(NachetSink *sink, int worker, NachetBatch *batch, NachetError *error);

	/* Stores those of count contents of the batch that are missing; reads them from the reader. */
	bool (*send)(NachetSink *sink, int worker, const NachetBatch *batch, NachetReader *reader,
	             size_t first, size_t count, NachetError *error);

	/*
	 * Makes the set of a list whose contents are all stored, durably, and gives its id. Safe to
	 * repeat. With SQLSTATE NC004, contents have been swept meanwhile.
	 */
	bool (*commit)(NachetSink *sink, const NachetFiles *files, char set_id[NACHET_UUID_TEXT],
	               NachetError *error);

	/*
	 * * Does in one transaction, so that no sweep comes between, what is else done in several:
	 * holds the contents that are stored, stores those that are missing, and makes the set.
	 * missing, as long as the list, is filled in. Safe to repeat.
	 */
	bool (*store_set)(NachetSink *sink, const NachetFiles *files, NachetReader *reader,
	                  bool *missing, char set_id[NACHET_UUID_TEXT], NachetError *error);

	/* * Gives an error of the functions above a hint, if one is known. */
	void (*explain)(NachetSink *sink, NachetError *error);

	/* * Ends what is under way; called again and again from another thread until it has ended. */
	void (*cancel)(NachetSink *sink);

	void (*free)(NachetSink *sink);
};

#endif
