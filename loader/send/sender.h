/*
 * loader/send/sender.h
 *		One worker of the sending: its buffer, and what it does with one batch.
 */
#ifndef NACHET_LOADER_SENDER_H
#define NACHET_LOADER_SENDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/client/sha256.h"
#include "loader/send/digest_table.h"
#include "loader/files/files.h"
#include "loader/session.h"
#include "loader/send/sink.h"
#include "loader/files/source.h"

typedef struct NachetSender
{
	NachetBatch batch; /* first; its files are those whose contents nobody else has in hand */
	NachetSession *session;
	NachetFiles *files;
	NachetDigestTable *table;
	pthread_mutex_t *table_lock;
	atomic_bool *stop; /* another worker has failed: trying again is pointless */
	int worker;
	NachetSha256 *sha256;
	uint64_t sent_files; /* whose storing the sink has acknowledged; each once */
	uint64_t sent_bytes;

	size_t offset[NACHET_BATCH_FILES]; /* where in the buffer each file's bytes lie */
	bool sent[NACHET_BATCH_FILES]; /* missing when first asked: so it is this run that stores it */
	bool streaming;                /* they lie in their files instead */

	/* The file that streams through the buffer, or is drawn from it. */
	size_t reading;          /* its index while streaming, else its position in the batch */
	uint64_t at;             /* bytes that were read of it */
	NachetFileSource source; /* open while streaming */
	unsigned char streamed[NACHET_SHA256_BYTES];
	uint64_t
	    counted; /* bytes of what is being sent, and may have to be sent anew, that progress has counted */

	size_t buffer_size;
	char buffer[]; /* buffer_size bytes */
} NachetSender;

/* NULL, and *error filled, on failure. */
extern NachetSender *nachet_sender_create(NachetSession *session, int worker, NachetFiles *files,
                                          size_t buffer_size, NachetError *error);
extern void nachet_sender_free(NachetSender *sender);

/*
 * The four below try again what a lost connection undid, as --retries has it: each time they ask anew what
 * is missing.
 *
 * Files first to first + count - 1, which fit into the buffer together: one reading, one question, one sending.
 */
extern bool nachet_sender_batch(NachetSender *sender, size_t first, size_t count,
                                NachetError *error) __attribute__((warn_unused_result));

/* One file that does not fit: hashed as it streams by, and read again where it must be sent. */
extern bool nachet_sender_large(NachetSender *sender, size_t index, NachetError *error)
    __attribute__((warn_unused_result));

/* Of files whose digests are known, and which fit into one question: sends those that are missing. */
extern bool nachet_sender_again(NachetSender *sender, size_t first, size_t count,
                                NachetError *error) __attribute__((warn_unused_result));

/* Of all files, whose digests are known: sends those that are missing and makes the set, in one transaction. */
extern bool nachet_sender_whole(NachetSender *sender, char set_id[NACHET_UUID_TEXT],
                                NachetError *error) __attribute__((warn_unused_result));

#endif
