/*
 * loader/main.c
 *		nachet-load: imports folders of pictures into a Nachet datastore.
 *
 * Start, each set in turn, and end; the only place that exits, but for interrupts that can't wait
 * (session.c).
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/client/standard_streams.h"
#include "loader/exit_codes.h"
#include "loader/send/import.h"
#include "loader/options.h"
#include "loader/send/retry.h"
#include "loader/send/sink_copy.h"
#include "loader/send/sink_http.h"
#include "loader/script/script.h"
#include "loader/session.h"
#include "loader/files/targets.h"

/* How many sets ended how. */
typedef struct Tally
{
	size_t sets[NACHET_OUTCOMES];
} Tally;

static void
count_outcome(Tally *tally, NachetOutcome outcome)
{
	tally->sets[outcome]++;
}

static bool
any_set(const Tally *tally, NachetOutcome outcome)
{
	return tally->sets[outcome] > 0;
}

/* lacking says that files beside the sets were rejected or left out. */
static NachetExit
exit_status(const Tally *tally, bool lacking)
{
	bool unreachable = any_set(tally, NACHET_OUTCOME_UNREACHABLE);
	bool left_out = any_set(tally, NACHET_OUTCOME_LEFT_OUT);

	if (any_set(tally, NACHET_OUTCOME_INTERRUPTED))
		return NACHET_EXIT_INTERRUPTED;
	if (!unreachable && !any_set(tally, NACHET_OUTCOME_FAILED))
		return left_out || lacking ? NACHET_EXIT_LEFT_OUT : NACHET_EXIT_IMPORTED;
	if (left_out || any_set(tally, NACHET_OUTCOME_IMPORTED))
		return NACHET_EXIT_SOME_FAILED;
	return unreachable ? NACHET_EXIT_UNREACHABLE : NACHET_EXIT_FAILED;
}

/* Makes the first contact with where the imports go; logs. */
static bool
open_sink(NachetSession *session, Tally *tally)
{
	NachetError error = NACHET_ERROR_INIT;
	NachetRetry retry = {session, 0, NULL, 0};
	char what[64];

	bool opened;

	do
		opened = session->sink->open(session->sink, &error);
	while (nachet_retry_again(&retry, opened, &error));
	if (opened)
		return true;
	if (nachet_session_interrupted(session))
	{
		count_outcome(tally, NACHET_OUTCOME_INTERRUPTED);
		nachet_console_note(session->console, "interrupted: nothing was sent");
		nachet_error_clear(&error);
		return false;
	}
	snprintf(what, sizeof(what), "no connection to %s", session->sink->destination);
	nachet_session_failure(session, error.unreachable ? what : "", &error);
	count_outcome(tally, error.unreachable ? NACHET_OUTCOME_UNREACHABLE : NACHET_OUTCOME_FAILED);
	nachet_error_clear(&error);
	return false;
}

/* How the run ended, for what it did not come to. */
static NachetOutcome
ended_by(const Tally *tally)
{
	if (any_set(tally, NACHET_OUTCOME_INTERRUPTED))
		return NACHET_OUTCOME_INTERRUPTED;
	return any_set(tally, NACHET_OUTCOME_UNREACHABLE) ? NACHET_OUTCOME_UNREACHABLE
	                                                  : NACHET_OUTCOME_FAILED;
}

static void
pass_over(NachetSession *session, const NachetTarget *targets, size_t count, const Tally *tally)
{
	for (size_t i = 0; i < count; i++)
		nachet_import_pass_over(session, &targets[i], ended_by(tally));
}

static void
import_all(NachetSession *session, const NachetTargets *targets, Tally *tally)
{
	const NachetTarget *target = targets->target;
	size_t i;

	for (i = 0; i < targets->count && !any_set(tally, NACHET_OUTCOME_INTERRUPTED) &&
	            !any_set(tally, NACHET_OUTCOME_UNREACHABLE);
	     i++)
		count_outcome(tally, nachet_import(session, &target[i]));
	if (i < targets->count)
		nachet_console_error(session->console, "%zu of %zu sets were not started, from %s on",
		                     targets->count - i, targets->count,
		                     target[i].folder != NULL ? target[i].folder : target[i].paths[0]);
	pass_over(session, target + i, targets->count - i, tally);
}

/* With --seed-from-folder, finds the folders that name the seeds; logs. */
static bool
split_targets(NachetSession *session, NachetTargets *targets, Tally *tally)
{
	NachetOutcome outcome = nachet_targets_split(targets, session);

	if (outcome == NACHET_OUTCOME_IMPORTED)
		return true;
	if (outcome == NACHET_OUTCOME_INTERRUPTED)
		nachet_console_note(session->console, "interrupted: nothing was sent");
	count_outcome(tally, outcome);
	return false;
}

static void
import_targets(NachetSession *session, NachetTargets *targets, Tally *tally)
{
	const NachetOptions *options = session->options;

	if (!options->seed_from_folder)
		nachet_targets_drop_machine_made(targets, session);
	if (targets->count == 0)
		count_outcome(tally, NACHET_OUTCOME_FAILED);
	else if (options->sql)
		count_outcome(tally, nachet_script_write(session, targets->target, targets->count));
	else if (!open_sink(session, tally) ||
	         (options->seed_from_folder && !split_targets(session, targets, tally)))
		pass_over(session, targets->target, targets->count, tally);
	else
		import_all(session, targets, tally);
}

/* Makes the sink that the options name, which --sql needs none of; logs. */
static bool
create_sink(NachetSession *session)
{
	if (session->options->sql)
		return true;
	session->sink = session->options->url != NULL ? nachet_sink_http_create(session)
	                                              : nachet_sink_copy_create(session);
	if (session->sink == NULL)
		nachet_console_error(session->console, "out of memory");
	return session->sink != NULL;
}

/* libcurl and libpq are set up by the sink, before there are threads; logs. */
static bool
start_session(NachetSession *session, const NachetOptions *options, NachetConsole *console,
              NachetReport *report)
{
	nachet_session_init(session, options, console, report);
	return create_sink(session) && nachet_session_start(session);
}

/* The usage is right: from here on there is a report. */
static NachetExit
run_session(const NachetOptions *options, NachetConsole *console, NachetTargets *targets)
{
	NachetExit status = NACHET_EXIT_FAILED;
	NachetReport report;
	NachetSession session;
	Tally tally = {{0}};
	bool started;

	started = nachet_report_open(&report, options->report, console) &&
	          start_session(&session, options, console, &report);
	if (started)
	{
		import_targets(&session, targets, &tally);
		status = exit_status(&tally, nachet_findings_lack_files(&targets->findings));
	}
	if (!nachet_report_close(&report, console) &&
	    (status == NACHET_EXIT_IMPORTED || status == NACHET_EXIT_LEFT_OUT))
		status = NACHET_EXIT_FAILED;
	if (started)
		nachet_session_end(&session);
	nachet_report_free(&report);
	return status;
}

static NachetExit
run(const NachetOptions *options, NachetConsole *console)
{
	NachetTargets targets;
	NachetExit status;

	if (!nachet_targets_make(&targets, options, console))
		status = NACHET_EXIT_FAILED;
	else if (!nachet_targets_fit(&targets, options, console) ||
	         !nachet_report_may_write(options->report, console))
		status = NACHET_EXIT_USAGE;
	else
		status = run_session(options, console, &targets);
	nachet_targets_free(&targets);
	return status;
}

int
main(int argc, char **argv)
{
	NachetConsole console;
	NachetOptions options;
	NachetExit status = NACHET_EXIT_USAGE;
	bool closed[NACHET_STANDARD_STREAMS];

	if (!nachet_standard_streams_open(closed))
	{
		fprintf(stderr, "nachet-load: error: /dev/null: %s\n", strerror(errno));
		return NACHET_EXIT_FAILED;
	}

	/* A limit on files' sizes (ulimit -f) then is an error of the write. */
	signal(SIGXFSZ, SIG_IGN);

	/* Patterns match characters of UTF-8 rather than bytes; nothing else here heeds the locale. */
	setlocale(LC_CTYPE, "C.UTF-8");
	nachet_console_init(&console);
	switch (nachet_options_read(&options, &console, argc, argv))
	{
		case NACHET_OPTIONS_ANSWERED:
			status = fflush(stdout) == 0 ? NACHET_EXIT_IMPORTED : NACHET_EXIT_FAILED;
			break;
		case NACHET_OPTIONS_WRONG:
			break;
		case NACHET_OPTIONS_RUN:
			console.quiet = options.quiet;
			console.verbose = options.verbose;
			console.json = options.json;
			console.bar = !options.quiet && !options.no_progress && isatty(STDERR_FILENO);
			status = run(&options, &console);
			break;
	}
	nachet_options_free(&options);
	return (int) status;
}
