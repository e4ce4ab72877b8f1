/*
 * loader/sender.h
 *		One worker of the sending: its connection, its buffer, and what it does with one batch.
 */
#ifndef NACHET_LOADER_SENDER_H
#define NACHET_LOADER_SENDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libpq-fe.h>

#include "client/error.h"
#include "client/sha256.h"
#include "digest_table.h"
#include "files.h"
#include "session.h"

/* The most files of one batch: bounds the question about missing contents, and the work of one sealing. */
#define NACHET_BATCH_FILES 4096

typedef struct NachetSender
{
	NachetSession *session;
	NachetFiles *files;
	NachetDigestTable *table;
	pthread_mutex_t *table_lock;
	atomic_bool *stop; /* another worker has failed: trying again is pointless */
	int worker;
	PGconn *connection; /* the session's, once it is set up for sending; NULL before */
	NachetSha256 *sha256;
	size_t buffer_size;
	uint64_t sent_files; /* whose storing the server has acknowledged */
	uint64_t sent_bytes;
	uint64_t copied; /* bytes of a streamed COPY that progress has counted */

	/* The batch's files whose contents nobody else has in hand, and where in the buffer each one's bytes lie. */
	size_t count;
	size_t index[NACHET_BATCH_FILES];
	size_t offset[NACHET_BATCH_FILES];
	unsigned char digest[NACHET_BATCH_FILES][NACHET_SHA256_BYTES];
	bool missing[NACHET_BATCH_FILES]; /* when last asked */
	bool sent[NACHET_BATCH_FILES]; /* missing when first asked: so it is this run that stores it */
	char buffer[];                 /* buffer_size bytes */
} NachetSender;

/* Connects at first use. NULL, and *error filled, on failure. */
extern NachetSender *nachet_sender_create(NachetSession *session, int worker, NachetFiles *files,
                                          size_t buffer_size, NachetError *error);
extern void nachet_sender_free(NachetSender *sender);

/* Makes the connection before anything else needs it. */
extern bool nachet_sender_connect(NachetSender *sender, NachetError *error)
    __attribute__((warn_unused_result));

/*
 * The three below try again what a lost connection undid, as --retries has it: each time they ask anew what
 * is missing.
 *
 * Files first to first + count - 1, which fit into the buffer together: one reading, one question, one COPY.
 */
extern bool nachet_sender_batch(NachetSender *sender, size_t first, size_t count,
                                NachetError *error) __attribute__((warn_unused_result));

/* One file that does not fit: hashed as it streams by, and read again where it must be sent. */
extern bool nachet_sender_large(NachetSender *sender, size_t index, NachetError *error)
    __attribute__((warn_unused_result));

/* Of files whose digests are known, and which fit into one question: sends those that are missing. */
extern bool nachet_sender_again(NachetSender *sender, size_t first, size_t count,
                                NachetError *error) __attribute__((warn_unused_result));

#endif
