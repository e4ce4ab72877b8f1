/*
 * loader/files/check.c
 *		Every file of a set looked at, before a byte is sent.
 *
 * The rules are extension/pure's, the same that the datastore itself applies when it seals. Workers
 * take runs of files in turn from one counter, so that what they name comes in nearly the list's
 * order.
 */
#include "loader/files/check.h"
#include "loader/files/source.h"

#define RUN_FILES 64

typedef struct Check
{
	NachetSession *session;
	NachetFiles *files;
	NachetFindings *findings;
	atomic_size_t next;
} Check;

/*
 * Takes a file out of the list: with a counter it is rejected, without one this run's output, which
 * is left out with a warning only if the user names it.
 */
static void
take_out(Check *check, size_t index, atomic_size_t *counter, const char *reason)
{
	NachetFiles *files = check->files;
	char name[NACHET_NAME_MAX_BYTES + 1];
	const char *shown = name;

	if (files->paths != NULL)
		shown = files->paths[index];
	else
		nachet_files_name(files, index, name);
	if (counter != NULL)
		nachet_finding(check->session, counter, files->folder, shown, &files->file[index], reason);
	else if (files->paths != NULL || check->session->options->files_from != NULL)
		nachet_finding_left_out(check->session, check->findings, files->folder, shown, reason);
	else
		nachet_finding_output(check->session, check->findings, files->folder, shown, reason);
	files->file[index].refused = true;
}

static void
check_file(Check *check, size_t index)
{
	NachetFile *file = &check->files->file[index];
	NachetFileSource file_source;
	NachetSource source = {.read = nachet_source_callback, .context = &file_source};
	NachetPicture picture;
	NachetPictureStatus status;
	const char *output;

	if (!nachet_source_open(&file_source, check->files, index))
	{
		take_out(check, index,
		         file_source.special ? &check->findings->refused : &check->findings->unreadable,
		         file_source.flaw);
		return;
	}
	output = nachet_outputs_find(&check->session->outputs, file_source.device, file_source.inode);
	if (output != NULL)
	{
		nachet_source_close(&file_source);
		take_out(check, index, NULL, output);
		return;
	}
	file->size = file_source.size;
	file->mtime_ns = file_source.mtime_ns;
	file->checked = true;
	source.size = file_source.size;
	status = nachet_picture_header_read(&source, &picture);
	file->format = picture.format;
	file->width = picture.width;
	file->height = picture.height;
	if (status == NACHET_PICTURE_READ_FAILED)
		take_out(check, index, &check->findings->unreadable,
		         file_source.flaw != NULL ? file_source.flaw : picture.reason);
	else if (status != NACHET_PICTURE_OK)
		take_out(check, index, &check->findings->refused, picture.reason);
	nachet_source_close(&file_source);
}

static void
check_runs(int worker, void *argument)
{
	Check *check = argument;
	size_t first;

	(void) worker;
	while ((first = atomic_fetch_add(&check->next, RUN_FILES)) < check->files->count)
	{
		for (size_t i = first; i < first + RUN_FILES && i < check->files->count; i++)
		{
			if (nachet_session_interrupted(check->session))
				return;
			check_file(check, i);
			nachet_progress_add(&check->session->progress, 1, 0);
		}
	}
}

bool
nachet_check_files(NachetSession *session, NachetFiles *files, NachetFindings *findings)
{
	Check check = {.session = session, .files = files, .findings = findings};
	bool done;

	nachet_progress_begin(&session->progress, NACHET_PHASE_CHECK, files->count, 0);
	done = nachet_session_run(session, files->count / RUN_FILES + 1, check_runs, &check);
	nachet_progress_end(&session->progress);
	return done && !nachet_session_interrupted(session);
}
