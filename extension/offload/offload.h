#ifndef NACHET_OFFLOAD_OFFLOAD_H
#define NACHET_OFFLOAD_OFFLOAD_H

#include "postgres_ext.h"

/* What a run did. */
typedef struct NachetOffloaded
{
	int64 contents;
	int64 bytes;
	int64 failed;  /* contents that stay in the database for now */
	int64 deleted; /* objects of contents that are gone */
} NachetOffloaded;

/*
 * Moves up to so many contents and bytes and works off the queue of deletions, in the current
 * transaction and inside an SPI connection. Raises what nachet_object_store_open and
 * nachet_identity_claim do, and NC008 if nothing at all succeeded.
 */
extern NachetOffloaded nachet_offload(int64 max_count, int64 max_bytes);

#endif
