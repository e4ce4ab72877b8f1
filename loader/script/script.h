#ifndef NACHET_LOADER_SCRIPT_H
#define NACHET_LOADER_SCRIPT_H

#include <stddef.h>

#include "loader/send/import.h"

/*
 * Writes to standard output one script that imports all the targets in one transaction. No database
 * is asked: who imports and what seed it is, the script finds out when it runs. If a folder
 * can't be imported as it is, says why on the console, and what stands on standard output then
 * fails when it is run.
 */
extern NachetOutcome nachet_script_write(NachetSession *session, const NachetTarget *targets,
                                         size_t count) __attribute__((warn_unused_result));

#endif
