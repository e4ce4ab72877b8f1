/*
 * loader/choice.h
 *		Which files are imported: --include and --exclude.
 */
#ifndef NACHET_LOADER_CHOICE_H
#define NACHET_LOADER_CHOICE_H

#include <stdbool.h>

#include "options.h"

/* NULL where a pattern may stand; else why not, fit to follow it. */
extern const char *nachet_pattern_flaw(const char *pattern);

/* Whether a file is taken: no pattern excludes it, and one includes it where there are any. */
extern bool nachet_choice_takes(const NachetOptions *options, const char *path);

/* Whether nothing below a folder can be taken, because it, or a folder that it lies in, is excluded. */
extern bool nachet_choice_excludes_folder(const NachetOptions *options, const char *path);

#endif
