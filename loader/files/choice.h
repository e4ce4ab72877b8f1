#ifndef NACHET_LOADER_CHOICE_H
#define NACHET_LOADER_CHOICE_H

#include <stdbool.h>

#include "loader/client/option_table.h"

/* The patterns of --include and of --exclude. */
typedef struct NachetChoice
{
	NachetTexts include;
	NachetTexts exclude;
} NachetChoice;

/* NULL if a pattern may stand; else why not, fit to follow it. */
extern const char *nachet_pattern_flaw(const char *pattern);

/* Whether a file is taken: no pattern excludes it, and one includes it if there are any. */
extern bool nachet_choice_takes(const NachetChoice *choice, const char *path);

/* Whether a pattern of --exclude meets the path, be it a file or a folder. */
extern bool nachet_choice_excludes(const NachetChoice *choice, const char *path);

/*
 * Whether the choice leaves out what has the name in a folder, with all below it, by its DT_ type:
 * DT_LNK for a link that is not followed, DT_UNKNOWN for what can't be looked at. What may lead to
 * files that --include asks for is not left out because no --include meets its own name.
 */
extern bool nachet_choice_leaves(const NachetChoice *choice, const char *path, unsigned char type,
                                 int folder, const char *name);

#endif
