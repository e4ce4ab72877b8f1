/*
 * loader/files/list.c
 *		--files-from: paths from a file or from standard input.
 *
 * As rsync reads them: a line ends with LF, CR or both; empty lines, and those that begin with '#'
 * or ';', say nothing; with --from0 each path ends with NUL and is taken as it is. A '/' at the
 * beginning, and empty and '.' components, go; so does the mark that editors of Windows put before
 * UTF-8. Waiting for input heeds an interrupt. A line has a bound, whatever the input is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loader/files/list.h"

#define LINE_ROOM (16 * 1024)
#define WAIT_MS   100

typedef struct List
{
	NachetSession *session;
	const char *name; /* for messages */
	int fd;
} List;

/* Leaves a path relative to the folder, in place. */
static void
tidy(char *path)
{
	char *out = path;

	for (const char *in = path; *in != '\0';)
	{
		size_t length = strcspn(in, "/");

		if (length > 0 && !(length == 1 && *in == '.'))
		{
			if (out > path)
				*out++ = '/';
			memmove(out, in, length);
			out += length;
		}
		in += length;
		in += *in == '/';
	}
	*out = '\0';
}

/* Reads some bytes for stdio; waits for a pipe or a terminal. -1 after an interrupt too. */
static ssize_t
read_some(void *cookie, char *buffer, size_t size)
{
	List *list = cookie;
	struct pollfd input = {list->fd, POLLIN, 0};

	while (!nachet_session_interrupted(list->session))
	{
		int ready = poll(&input, 1, WAIT_MS);
		ssize_t got;

		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		got = read(list->fd, buffer, size);
		if (got >= 0 || errno != EINTR)
			return got;
	}
	return -1;
}

/* Why a line that begins so is followed by a NUL, which --from0 is not there to expect. */
static const char *
nul_flaw(const char *line, size_t length)
{
	if (length >= 2 && (memcmp(line, "\xff\xfe", 2) == 0 || memcmp(line, "\xfe\xff", 2) == 0))
		return "is UTF-16: a list must be UTF-8, as PowerShell's Out-File -Encoding utf8 writes it";
	return "contains a NUL: is --from0 missing, or is the list UTF-16?";
}

/* Reads a line without its end; *flaw is set if it is no path. False at the list's end. */
static bool
read_line(FILE *input, bool from0, char line[LINE_ROOM], const char **flaw)
{
	size_t length = 0;
	int byte;

	while ((byte = getc_unlocked(input)) != EOF)
	{
		if (from0 ? byte == '\0' : byte == '\n' || byte == '\r')
			break;
		if (byte == '\0' || length >= LINE_ROOM - 1)
		{
			*flaw = byte == '\0' ? nul_flaw(line, length) : "is too long";
			break;
		}
		line[length++] = (char) byte;
	}
	line[length] = '\0';

	/* CR and LF end one line. */
	if (byte == '\r' && (byte = getc_unlocked(input)) != '\n' && byte != EOF)
		(void) ungetc(byte, input);
	return byte != EOF || length > 0;
}

/* Takes the lines as paths; logs. */
static bool
take_lines(const List *list, FILE *input, bool from0, NachetEntries *entries)
{
	NachetConsole *console = list->session->console;
	const char *flaw = NULL;
	char line[LINE_ROOM];
	char *path = line;

	for (uint64_t number = 1; read_line(input, from0, line, &flaw); number++)
	{
		if (flaw != NULL)
		{
			nachet_console_error(console, "%s: path %" PRIu64 " %s", list->name, number, flaw);
			return false;
		}
		path = !from0 && number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
		if (!from0 && (*path == '#' || *path == ';'))
			continue;
		tidy(path);
		if (*path != '\0' && !nachet_entries_add(entries, DT_UNKNOWN, path))
		{
			nachet_console_error(console, "%s: out of memory", list->name);
			return false;
		}
	}
	if (ferror(input) && !nachet_session_interrupted(list->session))
		nachet_console_error(console, "%s: %s", list->name, strerror(errno));
	return !ferror(input);
}

bool
nachet_list_read(NachetSession *session, NachetEntries *entries)
{
	const char *path = session->options->files_from;
	bool standard_input = strcmp(path, "-") == 0;
	List list = {session, standard_input ? "standard input" : path,
	             standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
	FILE *input = NULL;
	bool read = false;

	if (list.fd >= 0)
		input = fopencookie(&list, "r", (cookie_io_functions_t){.read = read_some});
	if (input == NULL)
		nachet_console_error(session->console, "%s: %s", path, strerror(errno));
	else
	{
		read = take_lines(&list, input, session->options->from0, entries);
		(void) fclose(input);
	}
	if (!standard_input && list.fd >= 0)
		close(list.fd);
	return read;
}
