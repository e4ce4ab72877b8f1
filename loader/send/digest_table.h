#ifndef NACHET_LOADER_DIGEST_TABLE_H
#define NACHET_LOADER_DIGEST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/files/files.h"

typedef struct NachetDigestTable
{
	uint32_t *slot; /* a file's index + 1, or 0 */
	size_t mask;
} NachetDigestTable;

extern bool nachet_digest_table_init(NachetDigestTable *table, size_t count)
    __attribute__((warn_unused_result));
extern void nachet_digest_table_free(NachetDigestTable *table);

/* True for the first file of its digest, false for the others. The caller holds a lock. */
extern bool nachet_digest_table_claim(NachetDigestTable *table, const NachetFiles *files,
                                      size_t index);

#endif
