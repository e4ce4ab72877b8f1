#ifndef NACHET_LOADER_IMPORT_H
#define NACHET_LOADER_IMPORT_H

#include <stddef.h>

#include "loader/files/files.h"
#include "loader/session.h"
#include "loader/files/walk.h"

typedef enum NachetOutcome
{
	NACHET_OUTCOME_IMPORTED,
	NACHET_OUTCOME_LEFT_OUT,    /* imported without what was rejected or left out */
	NACHET_OUTCOME_FAILED,      /* said why on the console */
	NACHET_OUTCOME_UNREACHABLE, /* likewise: the database is gone */
	NACHET_OUTCOME_INTERRUPTED
} NachetOutcome;

#define NACHET_OUTCOMES (NACHET_OUTCOME_INTERRUPTED + 1)

/* What becomes one set: a folder, or the plain files that were given. */
typedef struct NachetTarget
{
	const char *folder; /* NULL for files */
	char **paths;       /* the files, or NULL */
	size_t path_count;
	const char *seed; /* NULL: --seed */
} NachetTarget;

/* Asks whether user, seed and data are acceptable; may be repeated. */
extern bool nachet_import_ask(NachetSession *session, const NachetFiles *files, NachetError *error)
    __attribute__((warn_unused_result));

/*
 * Lists a target's files, checks each, and settles what to do about the bad ones. If the session
 * has a sink, that is asked first whether this user may import this.
 */
extern NachetOutcome nachet_import_gather(NachetSession *session, const NachetTarget *target,
                                          NachetFiles *files, NachetFindings *findings)
    __attribute__((warn_unused_result));

/*
 * Imports a set and writes its id, or with --json its summary, to standard output, and its files to
 * the report; with --dry-run only says what it would do.
 */
extern NachetOutcome nachet_import(NachetSession *session, const NachetTarget *target)
    __attribute__((warn_unused_result));

/* Tells the report, and with --json standard output, of a set that the run ended before. */
extern void nachet_import_pass_over(NachetSession *session, const NachetTarget *target,
                                    NachetOutcome outcome);

#endif
