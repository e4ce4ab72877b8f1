/*
 * loader/files/targets.c
 *		What the arguments make sets of.
 *
 * A shell's pattern gives a NAS's own folders beside those that are meant, so a folder's name is
 * judged here as it is below a folder.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loader/report/findings.h"
#include "loader/files/targets.h"

bool
nachet_targets_make(NachetTargets *targets, const NachetOptions *options, NachetConsole *console)
{
	size_t arguments = (size_t) options->argument_count;
	NachetTarget *given = NULL;

	targets->target = calloc(arguments, sizeof(*targets->target));
	targets->files = calloc(arguments, sizeof(*targets->files));
	targets->count = 0;
	if (targets->target == NULL || targets->files == NULL)
	{
		nachet_console_error(console, "out of memory");
		return false;
	}
	for (size_t i = 0; i < arguments && !options->seed_from_folder; i++)
	{
		char *argument = options->arguments[i];
		struct stat status;

		if (stat(argument, &status) != 0 || S_ISDIR(status.st_mode))
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
	free(targets->target);
	free(targets->files);
	memset(targets, 0, sizeof(*targets));
}

bool
nachet_targets_fit(const NachetTargets *targets, const NachetOptions *options,
                   NachetConsole *console)
{
	if (options->name != NULL && targets->count > 1)
		nachet_console_error(console, "--name names one set, and the arguments make %zu",
		                     targets->count);
	else if (options->files_from != NULL && targets->count > 0 && targets->target[0].folder == NULL)
		nachet_console_error(console, "--files-from lists files of a folder, which '%s' is not",
		                     targets->target[0].paths[0]);
	else
		return true;
	return false;
}

static bool
is_machine_made(NachetSession *session, NachetFindings *findings, const char *folder)
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
	return nachet_finding_given_machine_made(session, findings, "", folder, name, DT_DIR);
}

size_t
nachet_targets_drop_machine_made(NachetTargets *targets, NachetSession *session)
{
	NachetFindings findings;
	size_t given = targets->count;
	size_t kept = 0;

	memset(&findings, 0, sizeof(findings));
	for (size_t i = 0; i < targets->count; i++)
	{
		const char *folder = targets->target[i].folder;

		if (folder == NULL || !is_machine_made(session, &findings, folder))
			targets->target[kept++] = targets->target[i];
	}
	targets->count = kept;
	if (kept == 0)
		nachet_console_error(session->console, "nothing was imported: there is no other folder");
	return given - kept;
}
