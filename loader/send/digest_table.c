/*
 * loader/send/digest_table.c
 *		Which digests of a set have been taken in hand, so that equal files are sent once.
 *
 * Open addressing over at least twice as many slots as files, so that a probe is short and the
 * table never full: 8 to 16 bytes a file, and only while files are sent. SHA-256's bytes are their
 * own hash.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/send/digest_table.h"

bool
nachet_digest_table_init(NachetDigestTable *table, size_t count)
{
	size_t slots = 64;

	while (slots < 2 * count)
		slots *= 2;
	table->mask = slots - 1;
	table->slot = count < UINT32_MAX ? calloc(slots, sizeof(*table->slot)) : NULL;
	return table->slot != NULL;
}

void
nachet_digest_table_free(NachetDigestTable *table)
{
	free(table->slot);
	table->slot = NULL;
}

bool
nachet_digest_table_claim(NachetDigestTable *table, const NachetFiles *files, size_t index)
{
	const unsigned char *digest = nachet_files_digest(files, index);
	uint64_t hash;

	memcpy(&hash, digest, sizeof(hash));
	for (size_t i = hash & table->mask;; i = (i + 1) & table->mask)
	{
		if (table->slot[i] == 0)
		{
			table->slot[i] = (uint32_t) index + 1;
			return true;
		}
		if (memcmp(nachet_files_digest(files, table->slot[i] - 1), digest, NACHET_SHA256_BYTES) ==
		    0)
			return table->slot[i] == index + 1;
	}
}
