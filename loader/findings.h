/*
 * loader/findings.h
 *		What was found wrong with files: counted, and named wherever one looks for it.
 */
#ifndef NACHET_LOADER_FINDINGS_H
#define NACHET_LOADER_FINDINGS_H

#include <stdatomic.h>
#include <stddef.h>

#include "files.h"
#include "session.h"

/* Workers count at once. */
typedef struct NachetFindings
{
	atomic_size_t refused; /* no acceptable pictures: --on-error=skip leaves them out */
	atomic_size_t
	    unreadable; /* files or folders that could not be read: these always stop the import */
} NachetFindings;

/*
 * Names a file that can't be part of a set, on the console and in the report, and counts it. name is its
 * path as the user would write it; file, of which the report knows more, may be NULL.
 */
extern void nachet_finding(NachetSession *session, atomic_size_t *counter, const char *folder,
                           const char *name, const NachetFile *file, const char *reason);

/* The same for what is left out with a warning, and stops nothing. */
extern void nachet_finding_left_out(NachetSession *session, const char *folder, const char *name,
                                    const char *reason);

#endif
