#ifndef NACHET_LOADER_RETRY_H
#define NACHET_LOADER_RETRY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "loader/client/error.h"
#include "loader/session.h"

/* One thing that is tried until it is done; made anew for each. */
typedef struct NachetRetry
{
	NachetSession *session;
	int worker;        /* whose connection is replaced if it was lost */
	atomic_bool *stop; /* set by others if trying again has become pointless; or NULL */
	int attempts;      /* how often it was tried again */
} NachetRetry;

/*
 * After an attempt: true, with *error cleared, once the waiting is over and it shall be tried
 * again. False if it was done, and else, with *error kept, if trying again is pointless, --retries
 * is used up, or the run was interrupted.
 */
extern bool nachet_retry_again(NachetRetry *retry, bool done, NachetError *error)
    __attribute__((warn_unused_result));

#endif
