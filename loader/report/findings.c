/*
 * loader/report/findings.c
 *		What is not imported and why: counted, and named on the console and in the report.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/text.h"
#include "loader/report/findings.h"

typedef enum Finding
{
	REJECTED,
	LEFT_OUT,
	OUTPUT,
	MACHINE_MADE
} Finding;

/* Counts one, and names it on the console and in the report. */
static void
record(NachetSession *session, Finding finding, atomic_size_t *counter, const char *folder,
       const char *name, const NachetFile *file, const char *reason)
{
	static const char *const statuses[] = {"rejected", "left_out", "machine_made", "machine_made"};
	char *shown = nachet_console_name(folder, name);
	const char *path = shown != NULL ? shown : "?";

	switch (finding)
	{
		case REJECTED:
			nachet_console_file_error(session->console, path, reason);
			break;
		case LEFT_OUT:
			nachet_console_left_out(session->console, path, reason);
			break;
		case OUTPUT:
			nachet_console_note(session->console, "%s: not imported: %s", path, reason);
			break;
		case MACHINE_MADE:
			nachet_console_detail(session->console, "%s: not imported: machine-made: %s", path,
			                      reason);
			break;
	}
	nachet_report_entry(session->report, shown, statuses[finding], file, reason);
	free(shown);
	atomic_fetch_add(counter, 1);
}

void
nachet_finding(NachetSession *session, atomic_size_t *counter, const char *folder, const char *name,
               const NachetFile *file, const char *reason)
{
	record(session, REJECTED, counter, folder, name, file, reason);
}

void
nachet_finding_left_out(NachetSession *session, NachetFindings *findings, const char *folder,
                        const char *name, const char *reason)
{
	record(session, LEFT_OUT, &findings->left_out, folder, name, NULL, reason);
}

void
nachet_finding_output(NachetSession *session, NachetFindings *findings, const char *folder,
                      const char *name, const char *what)
{
	record(session, OUTPUT, &findings->machine_made, folder, name, NULL, what);
}

/* Keeps the first of each kind, while there is room. */
static void
keep_example(NachetFindings *findings, const NachetMachineMade *made)
{
	NachetMachineMadeExample *example = &findings->example[findings->examples];

	for (int i = 0; i < findings->examples; i++)
	{
		if (findings->example[i].what == made->what)
			return;
	}
	if (findings->examples >= NACHET_MACHINE_MADE_EXAMPLES ||
	    made->length >= sizeof(example->component))
		return;
	example->what = made->what;
	memcpy(example->component, made->component, made->length);
	example->component[made->length] = '\0';
	findings->examples++;
}

/* Whether what ends in judged, and has the DT_ type, is left out as machine-made. */
static bool
is_machine_made(const NachetSession *session, const char *judged, unsigned char type,
                NachetMachineMade *made)
{
	bool may_be_folder = type == DT_DIR || type == DT_LNK || type == DT_UNKNOWN;
	size_t length = strlen(judged);

	if (session->options->include_machine_made)
		return false;
	return (type != DT_DIR && nachet_path_is_machine_made(judged, length, false, made)) ||
	       (may_be_folder && nachet_path_is_machine_made(judged, length, true, made));
}

bool
nachet_finding_machine_made(NachetSession *session, NachetFindings *findings, const char *folder,
                            const char *path, const char *judged, unsigned char type)
{
	NachetMachineMade made;

	/* It will be gone when the run has ended: nothing is to be told of it. */
	if (nachet_report_is_unfinished(session->report, judged))
		return true;
	if (!is_machine_made(session, judged, type, &made))
		return false;
	record(session, MACHINE_MADE, &findings->machine_made, folder, path, NULL, made.what);
	keep_example(findings, &made);
	return true;
}

bool
nachet_finding_given_machine_made(NachetSession *session, NachetFindings *findings,
                                  const char *folder, const char *path, const char *judged,
                                  unsigned char type)
{
	NachetMachineMade made;
	char reason[256];

	if (!is_machine_made(session, judged, type, &made))
		return false;
	snprintf(reason, sizeof(reason), "machine-made: %s; --include-machine-made imports it",
	         made.what);
	nachet_finding_left_out(session, findings, folder, path, reason);
	return true;
}

void
nachet_findings_print_machine_made(NachetSession *session, NachetFindings *findings,
                                   const char *place)
{
	size_t count = atomic_load(&findings->machine_made);
	NachetText text = {0};

	if (count == 0)
		return;
	for (int i = 0; i < findings->examples; i++)
	{
		char *component = nachet_console_name("", findings->example[i].component);

		nachet_text_format(&text, "%s%s (%s)", i > 0 ? ", " : "", findings->example[i].what,
		                   component != NULL ? component : "?");
		free(component);
	}
	nachet_console_note(session->console,
	                    "%s: not imported: %zu machine-made: %s%s "
	                    "(--include-machine-made imports them)",
	                    place, count, text.bytes != NULL ? text.bytes : "",
	                    findings->examples < NACHET_MACHINE_MADE_EXAMPLES ? "" : ", ...");
	nachet_text_free(&text);
}

void
nachet_findings_add(NachetFindings *all, NachetFindings *findings)
{
	atomic_fetch_add(&all->refused, atomic_load(&findings->refused));
	atomic_fetch_add(&all->unreadable, atomic_load(&findings->unreadable));
	atomic_fetch_add(&all->left_out, atomic_load(&findings->left_out));
	atomic_fetch_add(&all->machine_made, atomic_load(&findings->machine_made));
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
	            {atomic_load(&findings->left_out), "left out"},
	            {atomic_load(&findings->machine_made), "machine-made"}};
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
	{
		if (part[i].count > 0)
			length += (size_t) snprintf(text + length, NACHET_FINDINGS_TEXT - length, "%s%zu %s",
			                            length > 0 ? ", " : "; ", part[i].count, part[i].what);
	}
	return text;
}
