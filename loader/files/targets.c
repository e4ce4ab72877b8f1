/*
 * loader/files/targets.c
 *		The sets that a run makes: of the arguments, or of the folders in them.
 *
 * A shell's pattern gives a NAS's own folders beside those that are meant, so a folder's name is
 * judged here as it is below a folder. With --seed-from-folder everything is listed and asked
 * before anything is sent, so that a misspelt folder among hundreds is no import in parts. The
 * datastore decides which name is a seed: each is asked about as its import will give it. A file
 * beside the folders has no seed, and is an error rather than silently no picture.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "loader/client/datastore.h"
#include "loader/client/text.h"
#include "loader/files/choice.h"
#include "loader/files/entries.h"
#include "loader/files/targets.h"

bool
nachet_targets_make(NachetTargets *targets, const NachetOptions *options, NachetConsole *console)
{
	size_t arguments = (size_t) options->argument_count;
	NachetTarget *given = NULL;

	memset(targets, 0, sizeof(*targets));
	targets->target = calloc(arguments, sizeof(*targets->target));
	targets->files = calloc(arguments, sizeof(*targets->files));
	if (targets->target == NULL || targets->files == NULL)
	{
		nachet_console_error(console, "out of memory");
		return false;
	}
	for (size_t i = 0; i < arguments; i++)
	{
		char *argument = options->arguments[i];
		struct stat status;

		if (options->seed_from_folder || stat(argument, &status) != 0 || S_ISDIR(status.st_mode))
		{
			targets->target[targets->count++].folder = argument;
			continue;
		}
		if (given == NULL)
		{
			given = &targets->target[targets->count++];
			given->paths = targets->files;
		}
		targets->files[given->path_count++] = argument;
	}
	return true;
}

void
nachet_targets_free(NachetTargets *targets)
{
	for (size_t i = 0; i < targets->count && targets->owned; i++)
		free((char *) targets->target[i].folder);
	free(targets->target);
	free(targets->files);
	memset(targets, 0, sizeof(*targets));
}

bool
nachet_targets_fit(const NachetTargets *targets, const NachetOptions *options,
                   NachetConsole *console)
{
	if (options->name != NULL && targets->count > 1)
		nachet_console_error(console, "--name names one set, but the arguments make %zu",
		                     targets->count);
	else if (options->files_from != NULL && targets->count > 0 && targets->target[0].folder == NULL)
		nachet_console_error(console, "--files-from requires a folder, and '%s' is not one",
		                     targets->target[0].paths[0]);
	else
		return true;
	return false;
}

static bool
has_machine_made_name(NachetSession *session, NachetTargets *targets, const char *folder)
{
	char name[NACHET_NAME_MAX_BYTES + 1]; /* a longer one is no machine's */
	size_t end = strlen(folder);
	size_t start;

	while (end > 0 && folder[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && folder[start - 1] != '/')
		start--;
	if (end - start >= sizeof(name))
		return false;
	memcpy(name, folder + start, end - start);
	name[end - start] = '\0';
	return nachet_finding_given_machine_made(session, &targets->findings, "", folder, name, DT_DIR);
}

void
nachet_targets_drop_machine_made(NachetTargets *targets, NachetSession *session)
{
	size_t kept = 0;

	for (size_t i = 0; i < targets->count; i++)
	{
		const char *folder = targets->target[i].folder;

		if (folder == NULL || !has_machine_made_name(session, targets, folder))
			targets->target[kept++] = targets->target[i];
	}
	targets->count = kept;
	if (kept == 0)
		nachet_console_error(session->console, "nothing was imported: no other folder was given");
}

/* --- --seed-from-folder ----------------------------------------------------------------------- */

static bool
add_target(NachetTargets *targets, const char *above, const char *name)
{
	size_t length = strlen(above);
	const char *slash = length > 0 && above[length - 1] == '/' ? "" : "/";
	char *path;

	if (!nachet_text_grow(&targets->target, &targets->capacity, targets->count + 1,
	                      sizeof(*targets->target)) ||
	    asprintf(&path, "%s%s%s", above, slash, name) < 0)
		return false;
	targets->target[targets->count++] =
	    (NachetTarget){.folder = path, .seed = path + strlen(path) - strlen(name)};
	return true;
}

static void
reject_name(NachetSession *session, NachetFindings *findings, const char *above, const char *name,
            const char *flaw)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "its name %s, so it can't be the name of a seed", flaw);
	nachet_finding(session, &findings->unreadable, above, name, NULL, reason);
}

/* Takes one entry of a given folder; false if memory ran out. */
static bool
take_folder_entry(NachetSession *session, NachetTargets *targets, const char *above, int fd,
                  const char *name, unsigned char type)
{
	const NachetOptions *options = session->options;
	atomic_size_t *wrong = &targets->findings.unreadable;
	const char *flaw = nachet_name_flaw(name, strlen(name));
	int failed = nachet_entry_type(fd, name, options->follow, &type);

	if (nachet_choice_leaves(&options->choice, name, type, fd, name) ||
	    nachet_finding_machine_made(session, &targets->findings, above, name, name, type))
		return true;
	if (failed != 0)
		nachet_finding(session, wrong, above, name, NULL, strerror(failed));
	else if (type == DT_LNK)
		nachet_finding_left_out(session, &targets->findings, above, name,
		                        "is a symbolic link (use --follow to follow it)");
	else if (type != DT_DIR)
		nachet_finding(session, wrong, above, name, NULL, "is not inside a seed folder");
	else if (flaw != NULL)
		reject_name(session, &targets->findings, above, name, flaw);
	else
		return add_target(targets, above, name);
	return true;
}

/* Lists one given folder; false if memory ran out. */
static bool
list_folder(NachetSession *session, NachetTargets *targets, const char *folder)
{
	atomic_size_t *wrong = &targets->findings.unreadable;
	NachetEntries entries = {0};
	size_t before = targets->count;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd >= 0 ? nachet_entries_read_folder(&entries, fd) : errno;
	size_t wrong_before = atomic_load(wrong);
	bool done = true;

	for (size_t i = 0; i < entries.count && failed == 0 && done; i++)
		done = take_folder_entry(session, targets, folder, fd, nachet_entries_name(&entries, i),
		                         nachet_entries_type(&entries, i));
	if (failed != 0)
		nachet_finding(session, wrong, "", folder, NULL, strerror(failed));
	else if (targets->count == before && atomic_load(wrong) == wrong_before)
		nachet_finding(session, wrong, "", folder, NULL, "contains no seed folder");
	nachet_entries_free(&entries);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Asks about one name; logs. If the name is no seed, *unknown says so. */
static NachetOutcome
ask_one(NachetSession *session, const NachetTarget *target, bool *unknown)
{
	NachetFiles files = {.set_name = (char *) target->seed, .seed = target->seed};
	NachetOutcome outcome = NACHET_OUTCOME_FAILED;
	NachetError error = NACHET_ERROR_INIT;
	char *shown = NULL;

	*unknown = false;
	if (nachet_import_ask(session, &files, &error))
		return NACHET_OUTCOME_IMPORTED;
	if (nachet_session_interrupted(session))
		outcome = NACHET_OUTCOME_INTERRUPTED;
	else
	{
		*unknown = strcmp(error.sqlstate, NACHET_SQLSTATE_SEED_NOT_REGISTERED) == 0;
		shown = *unknown ? nachet_console_name("", target->folder) : NULL;
		nachet_session_failure(session, shown != NULL ? shown : "", &error);
		if (error.unreachable)
			outcome = NACHET_OUTCOME_UNREACHABLE;
	}
	free(shown);
	nachet_error_clear(&error);
	return outcome;
}

/* Asks about every name: one that is no seed lets the others be asked too. */
static NachetOutcome
ask_all(NachetSession *session, const NachetTargets *targets)
{
	NachetOutcome all = NACHET_OUTCOME_IMPORTED;

	for (size_t i = 0; i < targets->count; i++)
	{
		bool unknown;
		NachetOutcome one = ask_one(session, &targets->target[i], &unknown);

		if (one != NACHET_OUTCOME_IMPORTED && !unknown)
			return one;
		if (unknown)
			all = NACHET_OUTCOME_FAILED;
	}
	return all;
}

NachetOutcome
nachet_targets_split(NachetTargets *targets, NachetSession *session)
{
	const NachetOptions *options = session->options;
	NachetOutcome outcome;

	free(targets->target);
	targets->target = NULL;
	targets->count = 0;
	targets->owned = true;
	for (int i = 0; i < options->argument_count; i++)
	{
		if (list_folder(session, targets, options->arguments[i]))
			continue;
		nachet_console_error(session->console, "out of memory");
		return NACHET_OUTCOME_FAILED;
	}
	nachet_findings_print_machine_made(session, &targets->findings, "the given folders");
	outcome = ask_all(session, targets);
	if (outcome == NACHET_OUTCOME_IMPORTED && nachet_findings_rejected(&targets->findings) > 0)
		outcome = NACHET_OUTCOME_FAILED;
	if (outcome == NACHET_OUTCOME_FAILED)
		nachet_console_error(session->console, "nothing was imported");
	return outcome;
}
