#ifndef NACHET_LOADER_SEND_H
#define NACHET_LOADER_SEND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/client/error.h"
#include "loader/files/files.h"
#include "loader/session.h"

typedef struct NachetSent
{
	uint64_t files; /* distinct contents that were sent, or would be with --dry-run */
	uint64_t bytes;
	bool all; /* nothing is left to be sent */
} NachetSent;

/*
 * Reads and hashes every file of a settled list, fills in its digest, and stores the contents that
 * the datastore lacks (with --dry-run: only counts them). Any file that can't be read as it was
 * checked, and any error of the database, ends it: false, and *error tells. What was stored before
 * stays.
 */
extern bool nachet_send_files(NachetSession *session, NachetFiles *files, NachetSent *sent,
                              NachetError *error) __attribute__((warn_unused_result));

/*
 * For files that were sent, but whose contents a sweep may have taken since: sends what is missing
 * again. With set_id, also makes the set in the same transaction, so that no sweep can come
 * between; only if the sink has store_set.
 */
extern bool nachet_send_again(NachetSession *session, NachetFiles *files, NachetSent *sent,
                              char *set_id, NachetError *error) __attribute__((warn_unused_result));

#endif
