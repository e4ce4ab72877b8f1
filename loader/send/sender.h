/*
 * loader/send/sender.h
 *		One worker of the sending, and what it does with one batch.
 */
#ifndef NACHET_LOADER_SENDER_H
#define NACHET_LOADER_SENDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/files/files.h"
#include "loader/send/digest_table.h"
#include "loader/send/reader.h"
#include "loader/send/sink.h"
#include "loader/session.h"

typedef struct NachetSender
{
	NachetSession *session;
	NachetFiles *files;
	NachetReader reader;
	NachetDigestTable *table; /* NULL if there is one worker, and no two digests are equal */
	pthread_mutex_t *table_lock;
	atomic_bool *stop; /* another worker has failed: trying again is pointless; or NULL */
	int worker;
	uint64_t sent_files; /* whose storing the sink has acknowledged; each once */
	uint64_t sent_bytes;
	NachetBatch batch;             /* the files whose contents no other worker has claimed */
	bool sent[NACHET_BATCH_FILES]; /* missing when first asked: so it is this run that stores it */
} NachetSender;

/* NULL, and *error filled, on failure. */
extern NachetSender *nachet_sender_create(NachetSession *session, int worker, NachetFiles *files,
                                          size_t buffer_size, NachetError *error);
extern void nachet_sender_free(NachetSender *sender);

/*
 * The two below try again what a lost connection undid, as --retries has it: each time they ask
 * anew what is missing.
 *
 * Stores the contents of files first to first + count - 1, a batch at most, that are missing. Files
 * whose digests are not known yet are read first: several must fit into the buffer together.
 */
extern bool nachet_sender_store(NachetSender *sender, size_t first, size_t count,
                                NachetError *error) __attribute__((warn_unused_result));

/* Of all files, whose digests are known: stores those that are missing and makes the set, in one transaction. */
extern bool nachet_sender_commit(NachetSender *sender, char set_id[NACHET_UUID_TEXT],
                                 NachetError *error) __attribute__((warn_unused_result));

#endif
