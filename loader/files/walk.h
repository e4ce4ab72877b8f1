#ifndef NACHET_LOADER_WALK_H
#define NACHET_LOADER_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "loader/files/files.h"
#include "loader/report/findings.h"
#include "loader/session.h"

/*
 * Lists all files below a folder, whose path is the user's, that --include and --exclude leave. A
 * symbolic link within it is named in a warning if --follow is not there to follow it. False if the
 * folder itself can't be listed, or the run was interrupted.
 */
extern bool nachet_walk_folder(NachetSession *session, const char *folder, NachetFiles *files,
                               NachetFindings *findings) __attribute__((warn_unused_result));

/*
 * Lists the files below a folder that --files-from names. A path that leads nowhere can't be read;
 * one of a folder is left out with a warning.
 */
extern bool nachet_walk_listed(NachetSession *session, const char *folder, NachetFiles *files,
                               NachetFindings *findings) __attribute__((warn_unused_result));

/* Lists plain files by their base names. */
extern bool nachet_walk_given(NachetSession *session, char **paths, size_t count,
                              NachetFiles *files, NachetFindings *findings)
    __attribute__((warn_unused_result));

#endif
