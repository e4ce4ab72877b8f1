#ifndef NACHET_OFFLOAD_DELETIONS_H
#define NACHET_OFFLOAD_DELETIONS_H

#include "offload/store.h"

/*
 * Deletes up to so many of the objects that wait for it, and returns how many are gone; those that
 * fail are tried again by a later run. Needs an SPI connection.
 */
extern int64 nachet_deletions_work_off(const NachetObjectStore *store, const char *prefix,
                                       int64 max_count);

#endif
