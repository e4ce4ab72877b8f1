/*
 * loader/walk.h
 *		The files below a folder, or those that were given, in a set's list.
 */
#ifndef NACHET_LOADER_WALK_H
#define NACHET_LOADER_WALK_H

#include <stdbool.h>
#include <stdatomic.h>
#include <stddef.h>

#include "files.h"
#include "session.h"

/* What was found wrong with files; each was named on the console. Workers count at once. */
typedef struct NachetFindings
{
	atomic_size_t refused; /* no acceptable pictures: --on-error=skip leaves them out */
	atomic_size_t
	    unreadable; /* files or folders that could not be read: these always stop the import */
} NachetFindings;

/*
 * Lists all files below a folder, whose path is the user's. A symbolic link within it is not followed, and
 * named in a warning. False where the folder itself can't be listed, or the run was interrupted.
 */
extern bool nachet_walk_folder(NachetSession *session, const char *folder, NachetFiles *files,
                               NachetFindings *findings) __attribute__((warn_unused_result));

/* Lists plain files by their base names. */
extern bool nachet_walk_given(NachetSession *session, char **paths, size_t count,
                              NachetFiles *files, NachetFindings *findings)
    __attribute__((warn_unused_result));

#endif
