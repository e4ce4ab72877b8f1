/*
 * loader/findings.c
 *		What is not imported and why: counted, and named on the console and in the report.
 */
#include <stdlib.h>

#include "findings.h"

void
nachet_finding(NachetSession *session, atomic_size_t *counter, const char *folder, const char *name,
               const NachetFile *file, const char *reason)
{
	char *shown = nachet_console_name(folder, name);

	nachet_console_file_error(session->console, shown != NULL ? shown : "?", reason);
	nachet_report_entry(session->report, shown, "rejected", file, reason);
	free(shown);
	atomic_fetch_add(counter, 1);
}

void
nachet_finding_left_out(NachetSession *session, NachetFindings *findings, const char *folder,
                        const char *name, const char *reason)
{
	char *shown = nachet_console_name(folder, name);

	nachet_console_left_out(session->console, shown != NULL ? shown : "?", reason);
	nachet_report_entry(session->report, shown, "left_out", NULL, reason);
	free(shown);
	atomic_fetch_add(&findings->left_out, 1);
}

void
nachet_findings_add(NachetFindings *all, NachetFindings *findings)
{
	atomic_fetch_add(&all->refused, atomic_load(&findings->refused));
	atomic_fetch_add(&all->unreadable, atomic_load(&findings->unreadable));
	atomic_fetch_add(&all->left_out, atomic_load(&findings->left_out));
}

size_t
nachet_findings_rejected(NachetFindings *findings)
{
	return atomic_load(&findings->refused) + atomic_load(&findings->unreadable);
}

bool
nachet_findings_lack_files(NachetFindings *findings)
{
	return nachet_findings_rejected(findings) + atomic_load(&findings->left_out) > 0;
}

const char *
nachet_findings_text(NachetFindings *findings, char text[NACHET_FINDINGS_TEXT])
{
	const struct
	{
		size_t count;
		const char *what;
	} part[] = {{nachet_findings_rejected(findings), "rejected"},
	            {atomic_load(&findings->left_out), "left out"}};
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
	{
		if (part[i].count > 0)
			length += (size_t) snprintf(text + length, NACHET_FINDINGS_TEXT - length, ", %zu %s",
			                            part[i].count, part[i].what);
	}
	return text;
}
