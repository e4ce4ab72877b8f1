/*
 * loader/files/list.c
 *		--files-from: paths from a file or from standard input.
 *
 * As rsync reads them: a line ends with LF, CR or both; empty lines, and those that begin with '#'
 * or ';', say nothing; with --from0 each path ends with NUL and is taken as it is. A '/' at the
 * beginning, and empty and '.' components, go; so does the mark that editors of Windows put before
 * UTF-8. Waiting for input heeds an interrupt.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/files/list.h"

#define LINE_ROOM  (16 * 1024)
#define BLOCK_ROOM (64 * 1024)
#define WAIT_MS    100

typedef struct List
{
	NachetSession *session;
	NachetEntries *entries;
	const char *name; /* for messages */
	bool from0;
	bool after_cr;   /* a LF here ends no line of its own */
	uint64_t number; /* of the line */
	size_t length;
	char line[LINE_ROOM];
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

static bool
begins_with(const List *list, const char *bytes)
{
	return list->length >= strlen(bytes) && memcmp(list->line, bytes, strlen(bytes)) == 0;
}

static bool
take_line(List *list)
{
	bool added;

	list->number++;
	if (!list->from0 && list->number == 1 && begins_with(list, "\xef\xbb\xbf"))
	{
		list->length -= 3;
		memmove(list->line, list->line + 3, list->length);
	}
	if (!list->from0 && list->length > 0 && (list->line[0] == '#' || list->line[0] == ';'))
		list->length = 0;
	list->line[list->length] = '\0';
	list->length = 0;
	tidy(list->line);
	added = list->line[0] == '\0' || nachet_entries_add(list->entries, DT_UNKNOWN, list->line);
	if (!added)
		nachet_console_error(list->session->console, "%s: out of memory", list->name);
	return added;
}

static bool
ends_line(const List *list, char byte)
{
	return list->from0 ? byte == '\0' : byte == '\n' || byte == '\r';
}

/* Why the line so far is followed by a NUL, which --from0 is not there to expect. */
static const char *
nul_flaw(const List *list)
{
	if (begins_with(list, "\xff\xfe") || begins_with(list, "\xfe\xff"))
		return "is UTF-16: a list must be UTF-8, as PowerShell's Out-File -Encoding utf8 writes it";
	return "holds a NUL: is --from0 missing, or is the list UTF-16?";
}

static bool
take_block(List *list, const char *block, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		bool second = list->after_cr && block[i] == '\n';

		list->after_cr = !list->from0 && block[i] == '\r';
		if (ends_line(list, block[i]))
		{
			if (!second && !take_line(list))
				return false;
			continue;
		}
		if (block[i] == '\0' || list->length >= LINE_ROOM - 1)
		{
			nachet_console_error(list->session->console, "%s: path %" PRIu64 " %s", list->name,
			                     list->number + 1,
			                     block[i] == '\0' ? nul_flaw(list) : "is too long");
			return false;
		}
		list->line[list->length++] = block[i];
	}
	return true;
}

/* Reads some bytes; waits for them where they come from a pipe or a terminal. -1 after an interrupt too. */
static ssize_t
read_some(List *list, int fd, char *block)
{
	struct pollfd input = {fd, POLLIN, 0};

	while (!nachet_session_interrupted(list->session))
	{
		int ready = poll(&input, 1, WAIT_MS);
		ssize_t got;

		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		got = read(fd, block, BLOCK_ROOM);
		if (got >= 0 || errno != EINTR)
			return got;
	}
	return -1;
}

static bool
read_list(List *list, int fd)
{
	char block[BLOCK_ROOM];
	ssize_t got;

	while ((got = read_some(list, fd, block)) > 0)
	{
		if (!take_block(list, block, (size_t) got))
			return false;
	}
	if (got < 0 && !nachet_session_interrupted(list->session))
		nachet_console_error(list->session->console, "%s: %s", list->name, strerror(errno));
	return got == 0 && take_line(list);
}

bool
nachet_list_read(NachetSession *session, NachetEntries *entries)
{
	const char *path = session->options->files_from;
	bool standard_input = strcmp(path, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	List *list = calloc(1, sizeof(*list));
	bool read = false;

	if (fd < 0 || list == NULL)
	{
		nachet_console_error(session->console, "%s: %s", path, strerror(fd < 0 ? errno : ENOMEM));
		goto done;
	}
	list->session = session;
	list->entries = entries;
	list->name = standard_input ? "standard input" : path;
	list->from0 = session->options->from0;
	read = read_list(list, fd);

done:
	if (!standard_input && fd >= 0)
		close(fd);
	free(list);
	return read;
}
