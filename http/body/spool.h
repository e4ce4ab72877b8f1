#ifndef NACHET_HTTP_SPOOL_H
#define NACHET_HTTP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/client/sha256.h"

typedef struct NachetSpool NachetSpool;

/* The bytes of a picture; one thread at a time. */
typedef struct NachetSpooled
{
	NachetSpool *spool;
	uint64_t size;                             /* bytes so far */
	unsigned char digest[NACHET_SHA256_BYTES]; /* the owner's to fill */
	uint32_t *blocks;                          /* while in memory */
	size_t block_count;
	size_t block_capacity;
	int file;         /* -1 while in memory */
	uint64_t claimed; /* bytes of files that it may fill */
} NachetSpooled;

/* The bytes of one reading of a spooled picture. */
#define NACHET_SPOOL_READ_BYTES (128 * 1024)

/* In bytes, for all pictures together. */
typedef struct NachetSpoolLimits
{
	uint64_t memory;
	uint64_t files;
	uint64_t reserve; /* of the disk, left to others */
} NachetSpoolLimits;

/* The folder's name must outlive it. NULL, and *error filled, if no file can be made in it. */
extern NachetSpool *nachet_spool_create(const char *folder, const NachetSpoolLimits *limits,
                                        NachetError *error);

/* Only when no picture is left. NULL is allowed. */
extern void nachet_spool_free(NachetSpool *spool);

typedef struct NachetSpoolState
{
	uint64_t memory;
	uint64_t memory_limit;
	uint64_t files; /* claimed for them, in steps */
	uint64_t files_limit;
} NachetSpoolState;

extern void nachet_spool_state(NachetSpool *spool, NachetSpoolState *state);

/* An empty picture; NULL if memory ran out. */
extern NachetSpooled *nachet_spooled_create(NachetSpool *spool);

/* Adds bytes; never waits for other pictures. False, and *error filled, if there is no room. */
extern bool nachet_spooled_write(NachetSpooled *spooled, const void *bytes, size_t length,
                                 NachetError *error) __attribute__((warn_unused_result));

/*
 * The bytes from offset: *bytes and *length tell of some, at least one, in the buffer or elsewhere.
 * The buffer has room for NACHET_SPOOL_READ_BYTES, or for what is left if that is less. Only below
 * size. False, and *error filled, if the disk fails.
 */
extern bool nachet_spooled_read(const NachetSpooled *spooled, uint64_t offset, void *buffer,
                                const void **bytes, size_t *length, NachetError *error)
    __attribute__((warn_unused_result));

/*
 * All bytes in one block of memory, with a NUL after them, which the caller frees. NULL, and *error
 * filled, if the disk fails or memory runs out.
 */
extern char *nachet_spooled_load(const NachetSpooled *spooled, NachetError *error)
    __attribute__((warn_unused_result));

/* NULL is allowed. */
extern void nachet_spooled_free(NachetSpooled *spooled);

#endif
