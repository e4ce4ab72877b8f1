/*
 * loader/files/targets.h
 *		What the arguments make sets of.
 */
#ifndef NACHET_LOADER_TARGETS_H
#define NACHET_LOADER_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/send/import.h"
#include "loader/session.h"

typedef struct NachetTargets
{
	NachetTarget *target; /* in the order of the arguments, which hold the strings */
	size_t count;
	char **files; /* the paths of those that are files */
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

/*
 * Drops the folders whose own names are machine-made, with a warning each; how many. Logs if none
 * is left.
 */
extern size_t nachet_targets_drop_machine_made(NachetTargets *targets, NachetSession *session)
    __attribute__((warn_unused_result));

#endif
