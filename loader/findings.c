/*
 * loader/findings.c
 *		What was found wrong with files: counted, and named wherever one looks for it.
 */
#include <stdlib.h>

#include "findings.h"

void
nachet_finding(NachetSession *session, atomic_size_t *counter, const char *folder, const char *name,
               const NachetFile *file, const char *reason)
{
	char *shown = nachet_console_name(folder, name);

	nachet_console_file_error(session->console, shown != NULL ? shown : "?", reason);
	nachet_report_rejected(session->report, shown, file, reason);
	free(shown);
	atomic_fetch_add(counter, 1);
}

void
nachet_finding_left_out(NachetSession *session, const char *folder, const char *name,
                        const char *reason)
{
	char *shown = nachet_console_name(folder, name);

	nachet_console_warning(session->console, "%s: left out: %s", shown != NULL ? shown : "?",
	                       reason);
	nachet_report_rejected(session->report, shown, NULL, reason);
	free(shown);
}
