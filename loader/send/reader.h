#ifndef NACHET_LOADER_READER_H
#define NACHET_LOADER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/client/sha256.h"
#include "loader/files/files.h"
#include "loader/files/source.h"
#include "loader/send/sink.h"
#include "loader/session.h"

/* One thread at a time; files are named by their index in the list. */
struct NachetReader
{
	NachetSession *session;
	NachetFiles *files;
	NachetSha256 *sha256;

	/* Files that are in the buffer: held of them, from the first on. */
	size_t first;
	size_t held;
	size_t offset[NACHET_BATCH_FILES];
	size_t used; /* bytes */

	/* The file that is being read. */
	size_t index;
	uint64_t at;             /* bytes that were read of it */
	NachetFileSource source; /* open while it is read from the disk */
	unsigned char digest[NACHET_SHA256_BYTES];
	uint64_t counted; /* bytes that progress has counted, of a sending that has not ended */

	size_t buffer_size;
	char *buffer;
};

extern bool nachet_reader_init(NachetReader *reader, NachetSession *session, NachetFiles *files,
                               size_t buffer_size, NachetError *error)
    __attribute__((warn_unused_result));
extern void nachet_reader_free(NachetReader *reader);

/* The buffer holds no file any more. */
extern void nachet_reader_empty(NachetReader *reader);

/*
 * Reads a file and fills in its digest in the list. The file stays in the buffer if there is room
 * for it; else whatever is there is dropped. Files are loaded in the order of the list.
 */
extern bool nachet_reader_load(NachetReader *reader, size_t index, NachetError *error)
    __attribute__((warn_unused_result));

/* Begins the bytes of a file, also within another's or for a second time. */
extern bool nachet_reader_open(NachetReader *reader, size_t index, NachetError *error)
    __attribute__((warn_unused_result));

/*
 * The next of these bytes, which stay until the next call; *length is 0 once all were given, and
 * were those of the digest.
 */
extern bool nachet_reader_read(NachetReader *reader, const char **bytes, size_t *length,
                               NachetError *error) __attribute__((warn_unused_result));

/* Rejects a file; the flaw follows its name. Always false. */
extern bool nachet_reader_refuse(NachetReader *reader, size_t index, const char *flaw,
                                 NachetError *error);

/* Takes back what progress has counted of a sending that failed. */
extern void nachet_reader_uncount(NachetReader *reader);

#endif
