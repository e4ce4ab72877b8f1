/*
 * loader/report.c
 *		--report: what became of each file, one line of CSV (RFC 4180) each.
 *
 * What is in no set is written as it is found and forgotten; the others when their folder has
 * ended, from the list that the import has anyway: so a report costs no memory that grows. Failures
 * to write stay in the stream until it is closed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pure/hex.h"
#include "report.h"

/* A field, quoted where it must be. */
static void
put_field(FILE *stream, const char *text)
{
	if (text[strcspn(text, "\",\r\n")] == '\0')
	{
		fputs(text, stream);
		return;
	}
	fputc('"', stream);
	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			fputc('"', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void
put_line(FILE *stream, const char *name, const char *status, const char *digest,
         const NachetFile *file, const char *reason)
{
	put_field(stream, name != NULL ? name : "?");
	fprintf(stream, ",%s,%s,", status, digest);
	if (file != NULL && file->checked)
		fprintf(stream, "%" PRIu64, file->size);
	if (file != NULL && file->format != NULL)
		fprintf(stream, ",%s,", file->format);
	else
		fputs(",,", stream);
	if (file != NULL && file->width > 0 && file->height > 0)
		fprintf(stream, "%" PRIu32 ",%" PRIu32 ",", file->width, file->height);
	else
		fputs(",,", stream);
	put_field(stream, reason != NULL ? reason : "");
	fputs("\r\n", stream);
}

bool
nachet_report_open(NachetReport *report, const char *path, NachetConsole *console)
{
	memset(report, 0, sizeof(*report));
	pthread_mutex_init(&report->lock, NULL);
	report->path = path;
	if (path == NULL)
		return true;
	report->stream = fopen(path, "we");
	if (report->stream == NULL)
	{
		nachet_console_error(console, "%s: %s", path, strerror(errno));
		return false;
	}
	fputs("path,status,sha256,bytes,format,width,height,reason\r\n", report->stream);
	return true;
}

void
nachet_report_entry(NachetReport *report, const char *name, const char *status,
                    const NachetFile *file, const char *reason)
{
	if (report->stream == NULL)
		return;
	pthread_mutex_lock(&report->lock);
	put_line(report->stream, name, status, "", file, reason);
	pthread_mutex_unlock(&report->lock);
}

void
nachet_report_files(NachetReport *report, const NachetFiles *files, const char *reason)
{
	for (size_t i = 0; i < files->count && report->stream != NULL; i++)
	{
		const NachetFile *file = &files->file[i];
		const char *status = file->sent ? "imported" : "present";
		char digest[2 * NACHET_SHA256_BYTES + 1] = "";
		char *name;

		if (file->refused)
			continue;
		name = nachet_files_display_name(files, i);
		if (file->hashed)
			nachet_hex_encode(nachet_files_digest(files, i), NACHET_SHA256_BYTES, digest);
		put_line(report->stream, name, reason != NULL ? "not-imported" : status, digest, file,
		         reason);
		free(name);
	}
}

bool
nachet_report_close(NachetReport *report, NachetConsole *console)
{
	bool failed;

	pthread_mutex_destroy(&report->lock);
	if (report->stream == NULL)
		return true;
	failed = ferror(report->stream) != 0;
	errno = 0;
	failed = fclose(report->stream) != 0 || failed;
	report->stream = NULL;
	if (failed)
		nachet_console_error(console, "%s: the report is not whole: %s", report->path,
		                     errno != 0 ? strerror(errno) : "it could not be written");
	return !failed;
}
