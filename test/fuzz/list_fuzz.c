/*
 * test/fuzz/list_fuzz.c
 *		--files-from, with and without --from0, against a plain reading of the same list.
 *
 * Input: a byte whose lowest bit is --from0, then the list, in which each byte 1 stands for a thousand letters, so that long
 * lines are found.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>
#include <sys/mman.h>

#include "loader/files/list.h"
#include "fuzz.h"

#define LONGEST (16 * 1024 - 1)
#define MANY    1000

static unsigned complaints;
static unsigned long complained_of; /* the number of the path */

bool
nachet_session_interrupted(NachetSession *session)
{
	(void) session;
	return false;
}

void
nachet_console_write(NachetConsole *console, NachetConsoleKind kind, const char *format, ...)
{
	char *message = NULL;
	const char *number;
	va_list args;

	(void) console;
	CLAIM(kind == NACHET_CONSOLE_ERROR);
	va_start(args, format);
	CLAIM(vasprintf(&message, format, args) >= 0);
	va_end(args);
	number = strstr(message, ": path ");
	CLAIM(number != NULL);
	complained_of = strtoul(number + 7, NULL, 10);
	complaints++;
	free(message);
}

static char *
expand(const uint8_t *bytes, size_t size, size_t *length)
{
	size_t many = 0;
	char *list;

	for (size_t i = 0; i < size; i++)
		many += bytes[i] == 1;
	list = malloc(size + many * MANY + 1);
	CLAIM(list != NULL);
	*length = 0;
	for (size_t i = 0; i < size; i++)
	{
		size_t count = bytes[i] == 1 ? MANY : 1;

		memset(list + *length, bytes[i] == 1 ? 'x' : bytes[i], count);
		*length += count;
	}
	return list;
}

/* A file of these bytes, at a path of its own. */
static void
write_list(const char *list, size_t length)
{
	static int file = -1;

	if (file < 0)
		file = memfd_create("list", 0);
	CLAIM(file >= 0 && dup2(file, 100) == 100);
	CLAIM(ftruncate(file, 0) == 0 && pwrite(file, list, length, 0) == (ssize_t) length);
}

/* The path's components but empty ones and ".", joined again, in place. */
static void
join_components(char *path)
{
	char *rest = path;
	char *component;
	char *end = path;

	while ((component = strsep(&rest, "/")) != NULL)
	{
		size_t length = strlen(component);

		if (length == 0 || strcmp(component, ".") == 0)
			continue;
		if (end > path)
			*end++ = '/';
		memmove(end, component, length);
		end += length;
	}
	*end = '\0';
}

/* The length of the line that begins here; *next is set to where the next one does. */
static size_t
line_length(const char *at, const char *end, bool from0, const char **next)
{
	const char *stop = at;

	while (stop < end && (from0 ? *stop != '\0' : *stop != '\n' && *stop != '\r'))
		stop++;
	*next = stop == end                                                    ? end
	        : !from0 && *stop == '\r' && stop + 1 < end && stop[1] == '\n' ? stop + 2
	                                                                       : stop + 1;
	return (size_t) (stop - at);
}

/* Compares the entries with the list's lines, up to the first that is no good; its number, or 0. */
static unsigned long
compare(const char *list, size_t length, bool from0, const NachetEntries *entries)
{
	const char *end = list + length;
	const char *next;
	unsigned long number = 1;
	size_t taken = 0;

	for (const char *at = list; at < end; at = next, number++)
	{
		size_t size = line_length(at, end, from0, &next);
		char *path;

		if (size > LONGEST || memchr(at, '\0', size) != NULL)
			return number;
		if (!from0 && number == 1 && size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
			path = strndup(at + 3, size - 3);
		else
			path = strndup(at, size);
		CLAIM(path != NULL);
		if (!from0 && (*path == '#' || *path == ';'))
			*path = '\0';
		join_components(path);
		if (*path != '\0')
		{
			CLAIM(taken < entries->count && strcmp(nachet_entries_name(entries, taken), path) == 0);
			taken++;
		}
		free(path);
	}
	CLAIM(taken == entries->count);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	size_t length;
	bool from0 = size > 0 && bytes[0] % 2 == 1;
	char *list = expand(bytes + (size > 0), size - (size > 0), &length);
	NachetOptions options = {.files_from = "/proc/self/fd/100", .from0 = from0};
	static NachetSession session;
	NachetEntries entries = {0};
	unsigned long bad;
	bool read;

	write_list(list, length);
	complaints = 0;
	session.options = &options;
	read = nachet_list_read(&session, &entries);
	bad = compare(list, length, from0, &entries);
	CLAIM(read == (bad == 0) && complaints == !read);
	CLAIM(read || complained_of == bad);
	nachet_entries_free(&entries);
	free(list);
	return 0;
}
