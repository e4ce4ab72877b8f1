#ifndef NACHET_LOADER_CHECK_H
#define NACHET_LOADER_CHECK_H

#include <stdbool.h>

#include "loader/files/files.h"
#include "loader/session.h"
#include "loader/files/walk.h"

/*
 * Takes each file's size and time, and marks and names those that are no acceptable pictures. False
 * if the check itself could not be done, or the run was interrupted; what was found is in
 * *findings.
 */
extern bool nachet_check_files(NachetSession *session, NachetFiles *files, NachetFindings *findings)
    __attribute__((warn_unused_result));

#endif
