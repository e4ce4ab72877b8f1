#ifndef NACHET_LOADER_TARGETS_H
#define NACHET_LOADER_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/report/findings.h"
#include "loader/send/import.h"
#include "loader/session.h"

typedef struct NachetTargets
{
	NachetTarget *target; /* in the order of the arguments, and then of the names */
	size_t count;
	size_t capacity;
	bool owned;              /* the folders' paths are not the arguments */
	char **files;            /* the paths of those that are files */
	NachetFindings findings; /* what was rejected or left out beside the sets */
} NachetTargets;

/*
 * Looks at the arguments: each folder is a target, and all files together are one, in the place of
 * the first. What can't be looked at counts as a folder, whose import then gives the reason. False,
 * logged, if memory ran out. To be freed in any case.
 */
extern bool nachet_targets_make(NachetTargets *targets, const NachetOptions *options,
                                NachetConsole *console) __attribute__((warn_unused_result));
extern void nachet_targets_free(NachetTargets *targets);

/* Whether the options fit the targets; logs. */
extern bool nachet_targets_fit(const NachetTargets *targets, const NachetOptions *options,
                               NachetConsole *console) __attribute__((warn_unused_result));

/* Drops the folders whose own names are machine-made, with a warning each. Logs if none is left. */
extern void nachet_targets_drop_machine_made(NachetTargets *targets, NachetSession *session);

/*
 * Makes the folders within the given ones the targets, and asks the datastore whether each one's
 * name is a seed; all that is wrong is named, with the nearest seed. IMPORTED if nothing is; else
 * what became of the run.
 */
extern NachetOutcome nachet_targets_split(NachetTargets *targets, NachetSession *session)
    __attribute__((warn_unused_result));

#endif
