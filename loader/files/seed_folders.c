/*
 * loader/files/seed_folders.c
 *		--seed-from-folder: each folder within the given ones is a set, whose seed is the folder's name.
 *
 * Everything is listed and asked before anything is sent, so that a misspelt folder among hundreds is no
 * import in parts. Which name is a seed is the datastore's to say: each is asked about as its import will
 * give it. A file beside the folders has no seed, and is an error rather than silently no picture.
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
#include "loader/report/findings.h"
#include "loader/files/seed_folders.h"

static bool
add_target(NachetSeedFolders *folders, const char *above, const char *name)
{
	size_t length = strlen(above);
	const char *slash = length > 0 && above[length - 1] == '/' ? "" : "/";
	char *path;

	if (!nachet_text_grow(&folders->target, &folders->capacity, folders->count + 1,
	                      sizeof(*folders->target)) ||
	    asprintf(&path, "%s%s%s", above, slash, name) < 0)
		return false;
	folders->target[folders->count++] =
	    (NachetTarget){.folder = path, .seed = path + strlen(path) - strlen(name)};
	return true;
}

static void
reject_name(NachetSession *session, NachetFindings *findings, const char *above, const char *name,
            const char *flaw)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "its name %s, and names no seed", flaw);
	nachet_finding(session, &findings->unreadable, above, name, NULL, reason);
}

/* Takes one entry of a given folder; false where memory ran out. */
static bool
take_entry(NachetSession *session, NachetSeedFolders *folders, const char *above, int fd,
           const char *name, unsigned char type)
{
	const NachetOptions *options = session->options;
	atomic_size_t *wrong = &folders->findings.unreadable;
	const char *flaw = nachet_name_flaw(name, strlen(name));
	int failed = nachet_entry_type(fd, name, options->follow, &type);

	if (nachet_choice_leaves(&options->choice, name, type, fd, name) ||
	    nachet_finding_machine_made(session, &folders->findings, above, name, name, type))
		return true;
	if (failed != 0)
		nachet_finding(session, wrong, above, name, NULL, strerror(failed));
	else if (type == DT_LNK)
		nachet_finding_left_out(session, &folders->findings, above, name,
		                        "is a symbolic link, which only --follow follows");
	else if (type != DT_DIR)
		nachet_finding(session, wrong, above, name, NULL,
		               "lies beside the folders that name the seeds: it has no seed");
	else if (flaw != NULL)
		reject_name(session, &folders->findings, above, name, flaw);
	else
		return add_target(folders, above, name);
	return true;
}

/* Lists one given folder; false where memory ran out. */
static bool
list_folder(NachetSession *session, NachetSeedFolders *folders, const char *folder)
{
	atomic_size_t *wrong = &folders->findings.unreadable;
	NachetEntries entries = {0};
	size_t before = folders->count;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int listed = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	int failed = listed >= 0 ? nachet_entries_read_folder(&entries, listed) : errno;
	size_t wrong_before = atomic_load(wrong);
	bool done = true;

	for (size_t i = 0; i < entries.count && failed == 0 && done; i++)
		done = take_entry(session, folders, folder, fd, nachet_entries_name(&entries, i),
		                  nachet_entries_type(&entries, i));
	if (failed != 0)
		nachet_finding(session, wrong, "", folder, NULL, strerror(failed));
	else if (folders->count == before && atomic_load(wrong) == wrong_before)
		nachet_finding(session, wrong, "", folder, NULL, "there is no folder in it to name a seed");
	nachet_entries_free(&entries);
	if (fd >= 0)
		close(fd);
	return done;
}

/* Asks about one name; logs. Where the name is no seed, *unknown says so. */
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
ask_all(NachetSession *session, const NachetSeedFolders *folders)
{
	NachetOutcome all = NACHET_OUTCOME_IMPORTED;

	for (size_t i = 0; i < folders->count; i++)
	{
		bool unknown;
		NachetOutcome one = ask_one(session, &folders->target[i], &unknown);

		if (one != NACHET_OUTCOME_IMPORTED && !unknown)
			return one;
		if (unknown)
			all = NACHET_OUTCOME_FAILED;
	}
	return all;
}

NachetOutcome
nachet_seed_folders_list(NachetSession *session, NachetSeedFolders *folders)
{
	const NachetOptions *options = session->options;
	NachetOutcome outcome;

	memset(folders, 0, sizeof(*folders));
	for (int i = 0; i < options->argument_count; i++)
	{
		if (list_folder(session, folders, options->arguments[i]))
			continue;
		nachet_console_error(session->console, "out of memory");
		return NACHET_OUTCOME_FAILED;
	}
	nachet_findings_print_machine_made(session, &folders->findings, "the given folders");
	outcome = ask_all(session, folders);
	if (outcome == NACHET_OUTCOME_IMPORTED && nachet_findings_rejected(&folders->findings) > 0)
		outcome = NACHET_OUTCOME_FAILED;
	if (outcome == NACHET_OUTCOME_FAILED)
		nachet_console_error(session->console, "nothing was imported");
	return outcome;
}

void
nachet_seed_folders_free(NachetSeedFolders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free((char *) folders->target[i].folder);
	free(folders->target);
	memset(folders, 0, sizeof(*folders));
}
