/*
 * loader/report/console.c
 *		Messages and the progress line, on standard error.
 *
 * Every write happens under the console's lock and first takes the progress line away, so that
 * workers' messages and the display's redrawing never mix on a line. Standard output is touched for
 * --json alone: it holds the sets' ids and nothing else. A line of JSON is built in memory and
 * written by one call, which stdio's own lock keeps whole: workers and the display write at once.
 * Names, options and the words of a datastore may be anybody's, so all text becomes visible here,
 * whoever gives it.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "loader/client/json.h"
#include "loader/client/text.h"
#include "loader/report/console.h"

#define ERASE_LINE "\r\033[K"

static void
erase_bar(NachetConsole *console)
{
	if (console->bar_drawn)
		fputs(ERASE_LINE, stderr);
	console->bar_drawn = false;
}

void
nachet_console_json_begin(NachetText *line, const char *message_type)
{
	memset(line, 0, sizeof(*line));
	nachet_text_format(line, "{\"message_type\":\"%s\"", message_type);
}

bool
nachet_console_json_end(NachetText *line)
{
	bool written;

	nachet_text_add(line, "}\n", 2);
	errno = ENOMEM;
	written = !line->failed && fwrite(line->bytes, 1, line->length, stdout) == line->length &&
	          fflush(stdout) == 0;
	nachet_text_free(line);
	return written;
}

/* --json: an error or a warning as a line of its own; item and error may be NULL. */
static void
write_json(const char *message_type, const char *item, const char *message,
           const NachetError *error)
{
	NachetText line;

	nachet_console_json_begin(&line, message_type);
	if (item != NULL)
		nachet_json_text(&line, "item", item);
	nachet_json_text(&line, "message", message);
	if (error != NULL && error->sqlstate[0] != '\0')
		nachet_json_text(&line, "code", error->sqlstate);
	if (error != NULL && error->detail != NULL)
		nachet_json_text(&line, "detail", error->detail);
	if (error != NULL && error->hint != NULL)
		nachet_json_text(&line, "hint", error->hint);
	(void) nachet_console_json_end(
	    &line); /* stays an error of standard output, which the summary meets */
}

/* Lines after the first are indented, so that none looks like a message of its own. */
static void
put_text(const char *text, int keep)
{
	char *visible = nachet_visible(text, strlen(text), keep);
	const char *line = visible != NULL ? visible : "out of memory";
	size_t length;

	while (length = strcspn(line, "\n"), line[length] != '\0')
	{
		fprintf(stderr, "%.*s\n    ", (int) length, line);
		line += length + 1;
	}
	fputs(line, stderr);
	free(visible);
}

/* Writes a line: what it is, what it is about, and the text, which keep speaks of. */
static void
put_line(const char *kind, const char *about, const char *between, const char *text, int keep)
{
	fprintf(stderr, "nachet-load: %s", kind);
	if (*about != '\0')
		put_text(about, 0);
	fputs(between, stderr);
	put_text(text, keep);
	fputc('\n', stderr);
}

/*
 * Writes a message, with the detail and the hint of an error, which may be NULL; with --json and a
 * message_type also as a line of JSON. text goes behind about and between; keep speaks of it.
 */
static void
write_message(NachetConsole *console, const char *kind, const char *message_type, const char *about,
              const char *between, const char *text, int keep, const NachetError *error)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	put_line(kind, about, between, text, keep);
	if (error != NULL && error->detail != NULL)
		put_line("detail: ", "", "", error->detail, keep);
	if (error != NULL && error->hint != NULL)
		put_line("hint: ", "", "", error->hint, keep);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
	if (console->json && message_type != NULL)
		write_json(message_type, *about != '\0' ? about : NULL, text, error);
}

void
nachet_console_init(NachetConsole *console)
{
	memset(console, 0, sizeof(*console));
	pthread_mutex_init(&console->lock, NULL);
}

void
nachet_console_write(NachetConsole *console, NachetConsoleKind kind, const char *format, ...)
{
	static const char *const words[] = {[NACHET_CONSOLE_ERROR] = "error: ",
	                                    [NACHET_CONSOLE_WARNING] = "warning: ",
	                                    [NACHET_CONSOLE_NOTE] = "",
	                                    [NACHET_CONSOLE_DETAIL] = ""};
	va_list args;
	char *message;

	if ((kind != NACHET_CONSOLE_ERROR && console->quiet) ||
	    (kind == NACHET_CONSOLE_DETAIL && !console->verbose))
		return;
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	write_message(console, words[kind], kind == NACHET_CONSOLE_ERROR ? "error" : NULL, "", "",
	              message != NULL ? message : "out of memory", 0, NULL);
	free(message);
}

void
nachet_console_file_error(NachetConsole *console, const char *path, const char *reason)
{
	write_message(console, "error: ", "error", path, ": ", reason, 0, NULL);
}

void
nachet_console_left_out(NachetConsole *console, const char *path, const char *reason)
{
	write_message(console, "warning: ", "warning", path, ": left out: ", reason, 0, NULL);
}

void
nachet_console_failure(NachetConsole *console, const char *what, const NachetError *error)
{
	write_message(console, "error: ", "error", what, *what != '\0' ? ": " : "",
	              error->set ? error->message : "unknown", NACHET_VISIBLE_LINES, error);
}

void
nachet_console_bar(NachetConsole *console, const char *line)
{
	struct winsize window;

	if (!console->bar)
		return;
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	if (line != NULL)
	{
		/* A line that wraps could not be taken away again. */
		int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;

		fprintf(stderr, "%.*s", columns > 1 ? columns - 1 : INT_MAX, line);
		console->bar_drawn = true;
	}
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
}

bool
nachet_console_blocked(void)
{
	struct pollfd streams[] = {{STDOUT_FILENO, POLLOUT, 0}, {STDERR_FILENO, POLLOUT, 0}};

	return poll(streams, 2, 0) >= 0 && (streams[0].revents == 0 || streams[1].revents == 0);
}

void
nachet_console_last_words(const NachetConsole *console, const char *words)
{
	struct pollfd stream = {STDERR_FILENO, POLLOUT, 0};
	char line[256];
	int length = snprintf(line, sizeof(line), "%snachet-load: error: %s\n",
	                      console->bar ? ERASE_LINE : "", words);

	if (poll(&stream, 1, 0) > 0 && (stream.revents & POLLOUT) != 0 && length < (int) sizeof(line) &&
	    write(STDERR_FILENO, line, (size_t) length) < 0)
		return; /* there is no other place to say so */
}

char *
nachet_console_name(const char *folder, const char *name)
{
	const char *slash = *folder == '\0' || folder[strlen(folder) - 1] == '/' ? "" : "/";
	char *plain;
	char *shown;

	if (asprintf(&plain, "%s%s%s", folder, slash, name) < 0)
		return NULL;
	shown = nachet_visible(plain, strlen(plain), NACHET_VISIBLE_HIDDEN);
	free(plain);
	return shown;
}
