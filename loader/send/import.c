/*
 * loader/send/import.c
 *		One picture set, from its folder to its id.
 *
 * The order is the promise: list, ask the datastore, check every file, send, make the set. Nothing
 * is sent before all files were found good, and no set is there before all of its bytes are. Where
 * it ends early, the bytes that were stored belong to no set, and the next run finds them and need
 * not send them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/clock.h"
#include "loader/client/datastore.h"
#include "loader/files/check.h"
#include "loader/files/files.h"
#include "loader/send/import.h"
#include "loader/client/json.h"
#include "loader/report/console.h"
#include "loader/send/send.h"
#include "loader/send/retry.h"
#include "loader/files/walk.h"

/* How often contents may be swept during an import that is not one transaction. */
#define MAX_SWEPT_ROUNDS 5

bool
nachet_import_ask(NachetSession *session, const NachetFiles *files, NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};
	bool accepted;

	do
		accepted = session->sink->ask(session->sink, files, error);
	while (nachet_retry_again(&retry, accepted, error));
	return accepted;
}

/* Logs an error of the datastore or of a file; its meaning for the run. */
static NachetOutcome
log_failure(NachetSession *session, const char *what, NachetError *error)
{
	NachetOutcome outcome = error->unreachable ? NACHET_OUTCOME_UNREACHABLE : NACHET_OUTCOME_FAILED;

	if (nachet_session_interrupted(session))
		outcome = NACHET_OUTCOME_INTERRUPTED;
	else
		nachet_session_failure(session, what, error);
	nachet_error_clear(error);
	return outcome;
}

static NachetOutcome
outcome_of_stop(NachetSession *session)
{
	return nachet_session_interrupted(session) ? NACHET_OUTCOME_INTERRUPTED : NACHET_OUTCOME_FAILED;
}

/* Why files are in no set after this outcome; NULL if a set may hold them. */
static const char *
reason_for_none(NachetOutcome outcome)
{
	switch (outcome)
	{
		case NACHET_OUTCOME_INTERRUPTED:
			return "interrupted";
		case NACHET_OUTCOME_UNREACHABLE:
		case NACHET_OUTCOME_FAILED:
			return "the import failed";
		case NACHET_OUTCOME_IMPORTED:
		case NACHET_OUTCOME_LEFT_OUT:
			break;
	}
	return NULL;
}

/* Tells the report of a target of which not all files are known. */
static void
report_not_reached(NachetSession *session, const NachetTarget *target, NachetOutcome outcome)
{
	const char *reason = reason_for_none(outcome);

	if (target->folder != NULL)
		nachet_report_not_reached(session->report, target->folder, reason);
	for (size_t i = 0; i < target->path_count; i++)
		nachet_report_not_reached(session->report, target->paths[i], reason);
}

/* Logs. */
static bool
copy_name(NachetSession *session, NachetFiles *files, const char *name)
{
	files->set_name = strdup(name);
	if (files->set_name == NULL)
		nachet_console_error(session->console, "%s: out of memory", name);
	return files->set_name != NULL;
}

/* The set's name: --name, or that of the folder, or of the first file's folder; logs. */
static bool
name_set(NachetSession *session, const NachetTarget *target, NachetFiles *files)
{
	const char *start = target->folder != NULL ? target->folder : target->paths[0];
	const char *base;
	const char *flaw;
	char *path;
	bool named = false;

	if (session->options->name != NULL)
		return copy_name(session, files, session->options->name);
	path = realpath(start, NULL);
	if (path == NULL)
	{
		nachet_console_error(session->console, "%s: %s", start, strerror(errno));
		return false;
	}
	if (target->folder == NULL && strrchr(path, '/') != NULL)
		*strrchr(path, '/') = '\0';
	base = basename(path);
	flaw = nachet_name_flaw(base, strlen(base));
	if (flaw == NULL)
		named = copy_name(session, files, base);
	else
		nachet_console_error(
		    session->console,
		    "%s: can't name the set after %s: its name %s; name the set with "
		    "--name",
		    start, target->folder != NULL ? "this folder" : "the folder that contains it", flaw);
	free(path);
	return named;
}

static bool
list_files(NachetSession *session, const NachetTarget *target, NachetFiles *files,
           NachetFindings *findings)
{
	if (target->folder == NULL)
		return nachet_walk_given(session, target->paths, target->path_count, files, findings);
	if (session->options->files_from != NULL)
		return nachet_walk_listed(session, target->folder, files, findings);
	return nachet_walk_folder(session, target->folder, files, findings);
}

NachetOutcome
nachet_import_gather(NachetSession *session, const NachetTarget *target, NachetFiles *files,
                     NachetFindings *findings)
{
	const char *what = target->folder != NULL ? target->folder : "the given files";
	NachetError error = NACHET_ERROR_INIT;
	size_t refused;
	size_t unreadable;

	if (!name_set(session, target, files))
	{
		report_not_reached(session, target, NACHET_OUTCOME_FAILED);
		return NACHET_OUTCOME_FAILED;
	}
	if (!list_files(session, target, files, findings))
	{
		/* Of given files all are in the list. */
		if (target->folder != NULL)
			report_not_reached(session, target, outcome_of_stop(session));
		return outcome_of_stop(session);
	}
	nachet_findings_print_machine_made(session, findings, what);
	if (session->sink != NULL && !nachet_import_ask(session, files, &error))
		return log_failure(session, "", &error);
	if (!nachet_check_files(session, files, findings))
		return outcome_of_stop(session);

	refused = atomic_load(&findings->refused);
	unreadable = atomic_load(&findings->unreadable);
	if (unreadable > 0 || (refused > 0 && session->options->on_error == NACHET_ON_ERROR_STOP))
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
		nachet_console_error(session->console, "%s: not imported: it contains no picture", what);
		return NACHET_OUTCOME_FAILED;
	}
	if (session->sink != NULL && session->sink->admit != NULL &&
	    !session->sink->admit(session->sink, files, &error))
		return log_failure(session, what, &error);
	return NACHET_OUTCOME_IMPORTED;
}

/* Has the sink make the set. The same set has the same id, so that it may be asked for again. */
static bool
request_set(NachetSession *session, const NachetFiles *files, char set_id[NACHET_UUID_TEXT],
            NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};
	bool made;

	do
	{
		nachet_progress_begin(&session->progress, NACHET_PHASE_FINISH, files->count, 0);
		made = session->sink->commit(session->sink, files, set_id, error);
		nachet_progress_end(&session->progress);
	} while (nachet_retry_again(&retry, made, error));
	return made;
}

/*
 * Makes the set. If contents were swept away meanwhile, sends them again first: in one
 * transaction with the set where the sink can, which no sweep undoes. Through the service each
 * request stands for itself, and a sweep may come between as often as it likes: there it is tried
 * some times.
 */
static bool
make_set(NachetSession *session, NachetFiles *files, NachetSent *sent,
         char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	for (int round = 0;; round++)
	{
		if (request_set(session, files, set_id, error))
			return true;
		if (strcmp(error->sqlstate, NACHET_SQLSTATE_CONTENTS_MISSING) != 0 ||
		    round >= MAX_SWEPT_ROUNDS || nachet_session_interrupted(session))
			return false;
		nachet_console_detail(session->console,
		                      "a sweep removed contents during the import: sending them again");
		nachet_error_clear(error);
		if (session->sink->store_set != NULL)
			return nachet_send_again(session, files, sent, set_id, error);
		if (!nachet_send_again(session, files, sent, NULL, error))
			return false;
	}
}

static void
print_summary(NachetSession *session, const NachetTarget *target, const NachetFiles *files,
              const NachetSent *sent, NachetFindings *findings, uint64_t started_us)
{
	double seconds = (double) (nachet_clock_us() - started_us) / 1e6;
	double bytes = (double) nachet_files_bytes(files);
	char all_text[NACHET_BYTES_TEXT];
	char sent_text[NACHET_BYTES_TEXT];
	char rate_text[NACHET_BYTES_TEXT];
	char findings_text[NACHET_FINDINGS_TEXT];

	nachet_console_note(session->console,
	                    "%s: %zu picture%s, %s; %s %" PRIu64 ", %s%s; %.1f s, %s/s",
	                    target->folder != NULL ? target->folder : "the given files", files->count,
	                    files->count == 1 ? "" : "s", nachet_bytes_text(bytes, all_text),
	                    session->options->dry_run ? "would send" : "sent", sent->files,
	                    nachet_bytes_text((double) sent->bytes, sent_text),
	                    nachet_findings_text(findings, findings_text), seconds,
	                    nachet_bytes_text(seconds > 0 ? bytes / seconds : 0, rate_text));
}

/* How an import ended, for those who are told. */
typedef struct Ending
{
	NachetOutcome outcome;
	const NachetTarget *target;
	const NachetFiles *files;
	NachetSent sent;
	NachetFindings *findings;
	const char *set_id; /* NULL if no set was made */
	bool in_doubt;      /* the answer to the set's making was lost */
	uint64_t started_us;
} Ending;

/*
 * Says what an interrupted import leaves behind. The service may go on storing what it has received
 * by then.
 */
static void
report_interrupted(NachetSession *session, const Ending *ending)
{
	char text[NACHET_BYTES_TEXT];
	uint64_t bytes = 0;
	size_t stored = 0;

	for (size_t i = 0; i < ending->files->count && !session->options->dry_run; i++)
	{
		const NachetFile *file = &ending->files->file[i];

		if (!file->sent && !file->present)
			continue;
		stored++;
		bytes += file->size;
	}
	nachet_console_note(session->console,
	                    "interrupted: %s; %s%zu of %zu pictures (%s) are stored; "
	                    "running the same import again sends only the others",
	                    ending->in_doubt ? "the set may or may not have been made"
	                                     : "no set was made",
	                    session->options->url != NULL ? "at least " : "", stored,
	                    ending->files->count, nachet_bytes_text((double) bytes, text));
}

/* The last line of a folder with --json. */
static bool
write_summary(NachetSession *session, const Ending *ending)
{
	static const char *const words[] = {"imported", "left_out", "failed", "unreachable",
	                                    "interrupted"};
	const NachetTarget *target = ending->target;
	const char *folder = target->folder != NULL ? target->folder : target->paths[0];
	char *shown = nachet_console_name("", folder);
	NachetText line;

	nachet_console_json_begin(&line, "summary");
	nachet_json_text(&line, target->folder != NULL ? "folder" : "first_file", shown);
	nachet_json_text(&line, "seed_name",
	                 target->seed != NULL ? target->seed : session->options->seed);
	nachet_json_text(&line, "outcome", words[ending->outcome]);
	nachet_json_bool(&line, "dry_run", session->options->dry_run);
	nachet_json_text(&line, "picture_set_id", ending->set_id);
	nachet_json_number(&line, "pictures", ending->files->count);
	nachet_json_number(&line, "bytes", nachet_files_bytes(ending->files));
	nachet_json_number(&line, "sent_pictures", ending->sent.files);
	nachet_json_number(&line, "sent_bytes", ending->sent.bytes);
	nachet_json_number(&line, "rejected",
	                   nachet_findings_rejected(ending->findings) +
	                       atomic_load(&ending->files->rejected));
	nachet_json_number(&line, "left_out", atomic_load(&ending->findings->left_out));
	nachet_json_number(&line, "machine_made", atomic_load(&ending->findings->machine_made));
	nachet_json_fraction(&line, "total_duration",
	                     (double) (nachet_clock_us() - ending->started_us) / 1e6);
	free(shown);
	return nachet_console_json_end(&line);
}

/* Tells the report and standard output how it ended. */
static NachetOutcome
conclude(NachetSession *session, const Ending *ending)
{
	const char *set_id = ending->set_id;
	const char *reason = reason_for_none(ending->outcome);
	bool written = true;

	if (ending->outcome == NACHET_OUTCOME_INTERRUPTED)
		report_interrupted(session, ending);
	if (reason == NULL && set_id == NULL)
		reason = "dry run";
	nachet_report_files(session->report, ending->files, reason);
	if (session->options->json)
		written = write_summary(session, ending);
	else if (set_id != NULL)
		written = printf("%s\n", set_id) >= 0 && fflush(stdout) == 0;
	if (written && ferror(stdout) == 0)
		return ending->outcome;
	nachet_console_error(session->console, "%s%s%sstandard output: %s",
	                     set_id != NULL ? "the set " : "", set_id != NULL ? set_id : "",
	                     set_id != NULL ? " was made, but " : "", strerror(errno));
	return ending->outcome == NACHET_OUTCOME_INTERRUPTED ? NACHET_OUTCOME_INTERRUPTED
	                                                     : NACHET_OUTCOME_FAILED;
}

NachetOutcome
nachet_import(NachetSession *session, const NachetTarget *target)
{
	NachetFindings findings;
	NachetFiles files;
	Ending ending = {
	    .target = target, .files = &files, .findings = &findings, .started_us = nachet_clock_us()};
	NachetError error = NACHET_ERROR_INIT;
	NachetOutcome outcome;
	char set_id[NACHET_UUID_TEXT];

	memset(&findings, 0, sizeof(findings));
	nachet_files_init(&files);
	files.seed = target->seed;
	ending.outcome = nachet_import_gather(session, target, &files, &findings);
	if (ending.outcome != NACHET_OUTCOME_IMPORTED)
		goto done;

	if (!nachet_send_files(session, &files, &ending.sent, &error) ||
	    (!session->options->dry_run && !make_set(session, &files, &ending.sent, set_id, &error)))
	{
		ending.in_doubt = error.unreachable && ending.sent.all;
		ending.outcome = log_failure(session, "", &error);
		goto done;
	}
	print_summary(session, target, &files, &ending.sent, &findings, ending.started_us);
	ending.outcome =
	    nachet_findings_lack_files(&findings) ? NACHET_OUTCOME_LEFT_OUT : NACHET_OUTCOME_IMPORTED;
	ending.set_id = session->options->dry_run ? NULL : set_id;

done:
	outcome = conclude(session, &ending);
	nachet_files_free(&files);
	return outcome;
}

void
nachet_import_pass_over(NachetSession *session, const NachetTarget *target, NachetOutcome outcome)
{
	NachetFindings findings;
	NachetFiles files;
	const Ending ending = {.outcome = outcome,
	                       .target = target,
	                       .files = &files,
	                       .findings = &findings,
	                       .started_us = nachet_clock_us()};

	memset(&findings, 0, sizeof(findings));
	nachet_files_init(&files);
	report_not_reached(session, target, outcome);
	if (session->options->json)
		(void) write_summary(session, &ending); /* the run has failed in any case */
	nachet_files_free(&files);
}
