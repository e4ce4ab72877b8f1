/*
 * loader/import.c
 *		One picture set, from its folder to its id.
 *
 * The order is the promise: list, ask the datastore, check every file, send, make the set. Nothing is
 * sent before all files were found good, and no set is there before all of its bytes are. Where it ends
 * early, the bytes that were stored belong to no set, and the next run finds them and need not send them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/datastore.h"
#include "check.h"
#include "files.h"
#include "import.h"
#include "send.h"
#include "upload.h"
#include "walk.h"

/* How often contents may be swept away under an import before it gives up. */
#define MAX_SWEPT_ROUNDS 5

/* Logs an error of the datastore or of a file, and tells what it means for the run. */
static NachetOutcome
fail(NachetSession *session, const char *what, NachetError *error)
{
	NachetOutcome outcome = error->unreachable ? NACHET_OUTCOME_UNREACHABLE : NACHET_OUTCOME_FAILED;

	if (nachet_session_interrupted(session))
		outcome = NACHET_OUTCOME_INTERRUPTED;
	else
		nachet_console_failure(session->console, what, error);
	nachet_error_clear(error);
	return outcome;
}

static NachetOutcome
stopped(NachetSession *session)
{
	return nachet_session_interrupted(session) ? NACHET_OUTCOME_INTERRUPTED : NACHET_OUTCOME_FAILED;
}

/* The set's name: --name, or the real base name of the folder, or of the one that the first file lies in. */
static bool
name_set(NachetSession *session, const NachetTarget *target, NachetFiles *files)
{
	const char *start = target->folder != NULL ? target->folder : target->paths[0];
	const char *base;
	char *path;

	if (session->options->name != NULL)
	{
		files->set_name = strdup(session->options->name);
		return files->set_name != NULL;
	}
	path = realpath(start, NULL);
	if (path == NULL)
	{
		nachet_console_error(session->console, "%s: %s", start, strerror(errno));
		return false;
	}
	if (target->folder == NULL && strrchr(path, '/') != NULL)
		*strrchr(path, '/') = '\0';
	base = basename(path);
	if (*base != '\0' && nachet_utf8_valid(base, strlen(base)))
		files->set_name = strdup(base);
	else
		nachet_console_error(session->console, "%s: gives the set no name: use --name", start);
	free(path);
	return files->set_name != NULL;
}

NachetOutcome
nachet_import_gather(NachetSession *session, const NachetTarget *target, NachetFiles *files,
                     NachetFindings *findings, char *user_id)
{
	const char *what = target->folder != NULL ? target->folder : "the given files";
	NachetError error = NACHET_ERROR_INIT;
	size_t refused;
	size_t unreadable;

	if (!name_set(session, target, files))
		return NACHET_OUTCOME_FAILED;
	if (target->folder != NULL
	        ? !nachet_walk_folder(session, target->folder, files, findings)
	        : !nachet_walk_given(session, target->paths, target->path_count, files, findings))
		return stopped(session);
	if (user_id != NULL && !nachet_upload_ask(session, files, user_id, &error))
		return fail(session, "", &error);
	if (!nachet_check_files(session, files, findings))
		return stopped(session);

	refused = atomic_load(&findings->refused);
	unreadable = atomic_load(&findings->unreadable);
	if (unreadable > 0 || (refused > 0 && !session->options->skip_refused))
	{
		nachet_console_error(session->console,
		                     "%s: not imported: %zu refused, %zu that could not be read", what,
		                     refused, unreadable);
		return NACHET_OUTCOME_FAILED;
	}
	if (!nachet_files_settle(files))
	{
		nachet_console_error(session->console, "%s: out of memory", what);
		return NACHET_OUTCOME_FAILED;
	}
	if (files->count == 0)
	{
		nachet_console_error(session->console, "%s: not imported: there is no picture in it", what);
		return NACHET_OUTCOME_FAILED;
	}
	return NACHET_OUTCOME_IMPORTED;
}

/* Makes the set; where contents were swept away meanwhile, sends them again first. */
static bool
make_set(NachetSession *session, NachetFiles *files, const char *user_id, NachetSent *sent,
         char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	for (int round = 0;; round++)
	{
		if (nachet_upload_set(session, files, user_id, set_id, error))
			return true;
		if (strcmp(error->sqlstate, NACHET_SQLSTATE_CONTENTS_MISSING) != 0 ||
		    round == MAX_SWEPT_ROUNDS || nachet_session_interrupted(session))
			return false;
		nachet_console_detail(session->console,
		                      "contents were swept away meanwhile: sending them again");
		nachet_error_clear(error);
		if (!nachet_send_missing_again(session, files, sent, error))
			return false;
	}
}

static void
report(NachetSession *session, const NachetTarget *target, const NachetFiles *files,
       const NachetSent *sent, size_t refused, uint64_t started_ns)
{
	double seconds = (double) (nachet_progress_now_ns() - started_ns) / 1e9;
	double bytes = (double) nachet_files_bytes(files);
	char all_text[NACHET_BYTES_TEXT];
	char sent_text[NACHET_BYTES_TEXT];
	char rate_text[NACHET_BYTES_TEXT];
	char left_out[64] = "";

	if (refused > 0)
		snprintf(left_out, sizeof(left_out), ", %zu left out", refused);
	nachet_console_note(session->console,
	                    "%s: %zu picture%s, %s; %s %" PRIu64 ", %s%s; %.1f s, %s/s",
	                    target->folder != NULL ? target->folder : "the given files", files->count,
	                    files->count == 1 ? "" : "s", nachet_bytes_text(bytes, all_text),
	                    session->options->dry_run ? "would send" : "sent", sent->files,
	                    nachet_bytes_text((double) sent->bytes, sent_text), left_out, seconds,
	                    nachet_bytes_text(seconds > 0 ? bytes / seconds : 0, rate_text));
}

/* Says what an interrupted sending leaves behind. */
static void
report_interrupted(NachetSession *session, const NachetSent *sent)
{
	nachet_console_note(session->console,
	                    "interrupted: no set was made; of its contents up to %" PRIu64
	                    " more are stored, and running the same again sends only the others",
	                    sent->files);
}

NachetOutcome
nachet_import(NachetSession *session, const NachetTarget *target)
{
	uint64_t started_ns = nachet_progress_now_ns();
	NachetFindings findings;
	NachetFiles files;
	NachetSent sent = {0, 0};
	NachetError error = NACHET_ERROR_INIT;
	NachetOutcome outcome;
	char user_id[NACHET_UUID_TEXT];
	char set_id[NACHET_UUID_TEXT];
	size_t refused;

	memset(&findings, 0, sizeof(findings));
	nachet_files_init(&files);
	outcome = nachet_import_gather(session, target, &files, &findings, user_id);
	if (outcome != NACHET_OUTCOME_IMPORTED)
		goto done;
	refused = atomic_load(&findings.refused);

	if (!nachet_send_files(session, &files, &sent, &error) ||
	    (!session->options->dry_run && !make_set(session, &files, user_id, &sent, set_id, &error)))
	{
		outcome = fail(session, "", &error);
		if (outcome == NACHET_OUTCOME_INTERRUPTED)
			report_interrupted(session, &sent);
		goto done;
	}
	report(session, target, &files, &sent, refused, started_ns);
	outcome = refused > 0 ? NACHET_OUTCOME_LEFT_OUT : NACHET_OUTCOME_IMPORTED;
	if (!session->options->dry_run && (printf("%s\n", set_id) < 0 || fflush(stdout) != 0))
	{
		nachet_console_error(session->console, "the set %s was made, but standard output: %s",
		                     set_id, strerror(errno));
		outcome = NACHET_OUTCOME_FAILED;
	}

done:
	nachet_files_free(&files);
	return outcome;
}
