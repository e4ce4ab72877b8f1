/*
 * loader/client/chunk_copy.h
 *		Contents into the datastore: one binary COPY nachet.content_chunk (chunk_no, data).
 *
 * Each content's chunks go in order from 0, all full but the last; many contents may share one
 * COPY. The database hashes and seals them when the COPY ends. A transaction has one COPY at most,
 * so that two clients can't wait for each other's hashes in a circle. Memory is a buffer of some
 * rows and libpq's own, whatever a content's size. Format: PostgreSQL's documentation of COPY,
 * "Binary Format".
 */
#ifndef NACHET_CLIENT_CHUNK_COPY_H
#define NACHET_CLIENT_CHUNK_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libpq-fe.h>

#include "loader/client/error.h"

typedef struct NachetChunkCopy NachetChunkCopy;

/*
 * Starts a COPY, a transaction of its own or the only COPY of the open transaction. One of its own
 * does not wait for the disk or a standby: contents need not be durable before their set is, whose
 * commit, by the order of the WAL, makes all before it durable too, and the server cancels it after
 * timeout seconds; 0: as the role has it. chunk_size is nachet.chunk_size()'s answer. NULL, and
 * *error filled, on failure.
 */
extern NachetChunkCopy *nachet_chunk_copy_begin(PGconn *connection, int chunk_size,
                                                unsigned timeout, NachetError *error);

/* The next content's bytes follow. */
extern void nachet_chunk_copy_content(NachetChunkCopy *copy);

/*
 * Some of the content's bytes, cut anywhere. On failure the COPY is over and *error holds the
 * server's reason; the copy is still to be freed, by nachet_chunk_copy_abort.
 */
extern bool nachet_chunk_copy_write(NachetChunkCopy *copy, const void *bytes, size_t length,
                                    NachetError *error) __attribute__((warn_unused_result));

/*
 * Ends the COPY, and with it a transaction of its own: true once the server has said that all is
 * stored. Frees the copy.
 */
extern bool nachet_chunk_copy_end(NachetChunkCopy *copy, NachetError *error)
    __attribute__((warn_unused_result));

/* Gives up: nothing is stored. Frees the copy; the connection, if it is alive, stays usable. */
extern void nachet_chunk_copy_abort(NachetChunkCopy *copy);

#endif
