/*
 * loader/files/seed_folders.h
 *		--seed-from-folder: each folder within the given ones is a set, whose seed is the folder's name.
 */
#ifndef NACHET_LOADER_SEED_FOLDERS_H
#define NACHET_LOADER_SEED_FOLDERS_H

#include <stddef.h>

#include "loader/send/import.h"
#include "loader/session.h"

typedef struct NachetSeedFolders
{
	NachetTarget
	    *target; /* in the order of the arguments, and then of the names; paths are its own */
	size_t count;
	size_t capacity;
	NachetFindings findings; /* what was rejected or left out beside them */
} NachetSeedFolders;

/*
 * Lists the folders, and asks the datastore whether each one's name is a seed; all that is wrong is named,
 * with the nearest seed. IMPORTED where nothing is; else what became of the run. To be freed in any case.
 */
extern NachetOutcome nachet_seed_folders_list(NachetSession *session, NachetSeedFolders *folders)
    __attribute__((warn_unused_result));
extern void nachet_seed_folders_free(NachetSeedFolders *folders);

#endif
