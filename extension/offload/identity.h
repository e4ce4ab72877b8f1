#ifndef NACHET_OFFLOAD_IDENTITY_H
#define NACHET_OFFLOAD_IDENTITY_H

#include "offload/store.h"

/*
 * The prefix that this database writes and deletes under, made at its first use; notes which store
 * it is used in. Raises 55000 if the prefix is another database's, of which this one is a copy.
 * Needs an SPI connection; the result lives in SPI's memory.
 */
extern char *nachet_identity_claim(const NachetObjectStore *store);

#endif
