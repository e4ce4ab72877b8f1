#ifndef NACHET_LOADER_FINDINGS_H
#define NACHET_LOADER_FINDINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "loader/files/files.h"
#include "loader/session.h"

#define NACHET_MACHINE_MADE_EXAMPLES 4

typedef struct NachetMachineMadeExample
{
	const char *what; /* of each kind, the first */
	char component[NACHET_NAME_MAX_BYTES + 1];
} NachetMachineMadeExample;

/* Workers count at once. */
typedef struct NachetFindings
{
	/* Rejected: named as errors. */
	atomic_size_t refused;    /* no acceptable pictures: --on-error=skip imports the others */
	atomic_size_t unreadable; /* files or folders that could not be read: always stop the import */

	/* Left out: named as warnings, and stop nothing. */
	atomic_size_t
	    left_out; /* symbolic links without --follow, listed folders, machine-made by name */

	/* Machine-made: not imported; one note has their number and these examples. */
	atomic_size_t machine_made;
	NachetMachineMadeExample example[NACHET_MACHINE_MADE_EXAMPLES];
	int examples;
} NachetFindings;

/*
 * Rejects a file: it can't be part of a set. counter is one of the first two above; name is the
 * file's path as the user would write it; file, of which the report knows more, may be NULL.
 */
extern void nachet_finding(NachetSession *session, atomic_size_t *counter, const char *folder,
                           const char *name, const NachetFile *file, const char *reason);

/* Leaves out a file or a folder. */
extern void nachet_finding_left_out(NachetSession *session, NachetFindings *findings,
                                    const char *folder, const char *name, const char *reason);

/*
 * Whether what has the path in the folder, and the DT_ type, is not imported because it is
 * machine-made: then counts it, and names it in the report and with --verbose. judged is the part
 * of its path that was not judged yet. Not for workers.
 */
extern bool nachet_finding_machine_made(NachetSession *session, NachetFindings *findings,
                                        const char *folder, const char *path, const char *judged,
                                        unsigned char type);

/* The same for what the user names, by an argument or in a list: left out with a warning. */
extern bool nachet_finding_given_machine_made(NachetSession *session, NachetFindings *findings,
                                              const char *folder, const char *path,
                                              const char *judged, unsigned char type);

/* Leaves out a file that this run itself writes: counts it as machine-made, and prints a line. */
extern void nachet_finding_output(NachetSession *session, NachetFindings *findings,
                                  const char *folder, const char *name, const char *what);

/* Prints how much of what place names was machine-made, if any was. */
extern void nachet_findings_print_machine_made(NachetSession *session, NachetFindings *findings,
                                               const char *place);

/* Adds one set's findings to those of several. */
extern void nachet_findings_add(NachetFindings *all, NachetFindings *findings);

/* How many were rejected. */
extern size_t nachet_findings_rejected(NachetFindings *findings);

/* Whether a set that is made in spite of the findings lacks files: those rejected, or left out. */
extern bool nachet_findings_lack_files(NachetFindings *findings);

/* The counts that are not 0: "; 3 rejected, 1 left out". */
#define NACHET_FINDINGS_TEXT 96
extern const char *nachet_findings_text(NachetFindings *findings, char text[NACHET_FINDINGS_TEXT]);

#endif
