/*
 * loader/report/report.c
 *		--report: what became of each file, one line of CSV (RFC 4180) each.
 *
 * What is in no set is written as it is found and forgotten; the others when their folder has
 * ended, from the list that the import has anyway: so a report costs no memory that grows. Failures
 * to write stay in the stream until it is closed. A report is written under another name beside its
 * own, and gets its own when it is whole; an older one stays until then. A file that is no report
 * is never overwritten. Devices, and empty files that can't be replaced, are written in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>

#include "pure/hex.h"
#include "loader/report/report.h"

#define HEADING "path,status,sha256,bytes,format,width,height,reason\r\n"

/* What the reports of all versions begin with. */
#define FIRST_COLUMNS "path,status,sha256,"

/*
 * A field, quoted if it must be. What a spreadsheet would take for a formula goes behind a guard
 * that does not change what the text says.
 */
static void
put_field(FILE *stream, const char *guard, const char *text)
{
	if (*text != '\0' && strchr("=+-@", *text) != NULL)
		fputs(guard, stream);
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
put_entry(NachetReport *report, const char *name, const char *status, const char *digest,
          const NachetFile *file, const char *reason)
{
	FILE *stream = report->stream;

	if (name == NULL)
	{
		report->lost = true;
		return;
	}
	put_field(stream, "./", name);
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
	put_field(stream, " ", reason != NULL ? reason : "");
	fputs("\r\n", stream);
}

/* Whether a file that is there begins as a report does, or is empty; logs. */
static bool
is_report(const char *path, NachetConsole *console)
{
	char start[sizeof(FIRST_COLUMNS) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, start, sizeof(start)) : -1;

	if (length < 0)
		nachet_console_error(console, "--report: %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (length <= 0)
		return length == 0;
	if (length == (ssize_t) sizeof(start) && memcmp(start, FIRST_COLUMNS, sizeof(start)) == 0)
		return true;
	nachet_console_error(console,
	                     "--report: %s exists and is not a report: give the name of a new file or "
	                     "of an older report",
	                     path);
	return false;
}

/* Whether a standard stream goes to the same regular file, where one would undo the other; logs. */
static bool
is_standard_stream(const char *path, const struct stat *status, NachetConsole *console)
{
	static const struct
	{
		int fd;
		const char *name;
	} streams[] = {{STDOUT_FILENO, "output"}, {STDERR_FILENO, "error"}};
	struct stat stream;

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
	{
		if (fstat(streams[i].fd, &stream) != 0 || stream.st_dev != status->st_dev ||
		    stream.st_ino != status->st_ino)
			continue;
		nachet_console_error(console,
		                     "--report: standard %s goes to %s: give the name of another file",
		                     streams[i].name, path);
		return true;
	}
	return false;
}

bool
nachet_report_may_write(const char *path, NachetConsole *console)
{
	struct stat status;

	if (path == NULL)
		return true;
	if (stat(path, &status) == 0)
		return !S_ISREG(status.st_mode) ||
		       (!is_standard_stream(path, &status, console) && is_report(path, console));
	/* What else can't be looked at can't be opened either, which says why. */
	if ((errno != ENOENT && errno != ELOOP) || lstat(path, &status) != 0)
		return true;
	nachet_console_error(
	    console,
	    "--report: %s is a symbolic link to a file that does not exist: give the name of a file",
	    path);
	return false;
}

void
nachet_report_abandon(const NachetReport *report)
{
	if (report->unfinished != NULL)
		(void) unlink(report->unfinished);
}

/* Whether the path is a device or a pipe, or names a descriptor. */
static bool
is_written_in_place(const char *path)
{
	struct stat status;

	return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/dev/std", 8) == 0 ||
	       strncmp(path, "/proc/", 6) == 0 ||
	       (stat(path, &status) == 0 && !S_ISREG(status.st_mode));
}

static int
open_in_place(const char *path)
{
	return open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
}

/* Sets report->unfinished to a new name beside the report's place; false if memory ran out. */
static bool
name_unfinished(NachetReport *report)
{
	const char *slash = strrchr(report->place, '/');
	int folder = slash != NULL ? (int) (slash - report->place + 1) : 0;
	unsigned chance;

	if (getrandom(&chance, sizeof(chance), 0) != (ssize_t) sizeof(chance))
		return false;
	if (asprintf(&report->unfinished, "%.*s.nachet-report-%08x", folder, report->place, chance) < 0)
		report->unfinished = NULL;
	return report->unfinished != NULL;
}

/*
 * Whether another file may take the place of this one: not in a folder that may not be written to,
 * nor of a file of another's in a sticky folder such as /tmp, nor of a mount point. The path is
 * absolute.
 */
static bool
may_be_replaced(const char *path, const struct stat *status)
{
	char folder[PATH_MAX + 2];
	struct stat above;
	struct statx mounted;
	bool may;

	snprintf(folder, sizeof(folder), "%.*s/.", (int) (strrchr(path, '/') - path), path);
	may = stat(folder, &above) == 0 && faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0;
	if (may && (above.st_mode & S_ISVTX) != 0)
		may = geteuid() == 0 || geteuid() == status->st_uid || geteuid() == above.st_uid;
	if (may && statx(AT_FDCWD, path, 0, STATX_TYPE, &mounted) == 0)
		may = (mounted.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0;
	return may;
}

/*
 * Opens a new file beside the report's place or, if that can't be and nothing is lost, the place
 * itself. -1 on failure, and then *reason.
 */
static int
open_regular(NachetReport *report, const char **reason)
{
	char *real = realpath(report->path, NULL); /* through symbolic links */
	struct stat status;
	bool there = real != NULL && stat(real, &status) == 0;
	int fd = -1;

	report->place = real != NULL ? real : strdup(report->path);
	if (there && !may_be_replaced(real, &status))
	{
		if (status.st_size == 0)
			return open_in_place(real);
		*reason = "this older report can't be replaced: empty it, or give another name";
		return -1;
	}
	if (report->place != NULL && name_unfinished(report))
		fd = open(report->unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0 && there)
	{
		/* Whose it is stays where that may be: root's for a user, or a group's. */
		if (fchown(fd, status.st_uid, status.st_gid) != 0 && fchown(fd, -1, status.st_gid) != 0)
			status.st_mode &= ~S_IRWXG;
		(void) fchmod(fd, status.st_mode & 0777);
	}
	if (fd < 0)
	{
		free(report->unfinished);
		report->unfinished = NULL;
	}
	return fd;
}

bool
nachet_report_open(NachetReport *report, const char *path, NachetConsole *console)
{
	const char *reason = NULL;
	int fd;

	memset(report, 0, sizeof(*report));
	pthread_mutex_init(&report->lock, NULL);
	report->path = path;
	if (path == NULL)
		return true;
	fd = is_written_in_place(path) ? open_in_place(path) : open_regular(report, &reason);
	report->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (report->stream == NULL)
	{
		nachet_console_error(console, "--report: %s: %s", path,
		                     reason != NULL ? reason : strerror(errno));
		nachet_report_abandon(report);
		if (fd >= 0)
			close(fd);
		return false;
	}
	fputs(HEADING, report->stream);
	return true;
}

void
nachet_report_add_outputs(const NachetReport *report, NachetOutputs *outputs)
{
	struct stat status;

	if (report->stream == NULL)
		return;
	if (fstat(fileno(report->stream), &status) == 0)
		nachet_outputs_add(outputs, &status, "is the report of this run");
	if (report->place != NULL && stat(report->place, &status) == 0)
		nachet_outputs_add(outputs, &status,
		                   "is the file that the report of this run is written to");
}

bool
nachet_report_is_unfinished(const NachetReport *report, const char *name)
{
	const char *own = report->unfinished;
	const char *slash = own != NULL ? strrchr(own, '/') : NULL;

	return own != NULL && strcmp(slash != NULL ? slash + 1 : own, name) == 0;
}

void
nachet_report_entry(NachetReport *report, const char *name, const char *status,
                    const NachetFile *file, const char *reason)
{
	if (report->stream == NULL)
		return;
	pthread_mutex_lock(&report->lock);
	put_entry(report, name, status, "", file, reason);
	report->told = true;
	pthread_mutex_unlock(&report->lock);
}

void
nachet_report_not_reached(NachetReport *report, const char *path, const char *reason)
{
	char *shown = report->stream != NULL ? nachet_console_name("", path) : NULL;

	if (report->stream == NULL)
		return;
	pthread_mutex_lock(&report->lock);
	put_entry(report, shown, "not-imported", "", NULL, reason);
	pthread_mutex_unlock(&report->lock);
	free(shown);
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
		put_entry(report, name, reason != NULL ? "not-imported" : status, digest, file, reason);
		report->told = true;
		free(name);
	}
}

/* Closes the stream; whether all that was written has reached the file, else with errno. */
static bool
close_stream(NachetReport *report)
{
	bool whole = ferror(report->stream) == 0 && !report->lost;
	int failed;

	errno = 0;
	whole = fflush(report->stream) == 0 && whole;
	if (whole && report->unfinished != NULL)
		whole = fsync(fileno(report->stream)) == 0;
	failed = report->lost ? ENOMEM : errno;
	if (fclose(report->stream) != 0 && whole)
		return false;
	errno = failed;
	return whole;
}

/* A run that reached no file leaves an older report alone. */
static bool
leaves_older(const NachetReport *report)
{
	return report->unfinished != NULL && !report->told && access(report->place, F_OK) == 0;
}

bool
nachet_report_close(NachetReport *report, NachetConsole *console)
{
	bool done = true;

	if (report->stream != NULL)
	{
		bool yielding = leaves_older(report);

		done = close_stream(report) && (yielding || report->unfinished == NULL ||
		                                rename(report->unfinished, report->place) == 0);
		if (!done)
			nachet_console_error(console, "%s: %s: %s", report->path,
			                     report->unfinished == NULL
			                         ? "the report is incomplete"
			                         : "no report was written; an older one is unchanged",
			                     errno != 0 ? strerror(errno) : "it could not be written");
		if (!done || yielding)
			nachet_report_abandon(report);
	}
	report->stream = NULL;
	return done;
}

void
nachet_report_free(NachetReport *report)
{
	pthread_mutex_destroy(&report->lock);
	free(report->place);
	free(report->unfinished);
	report->place = report->unfinished = NULL;
}
