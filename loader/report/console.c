/*
 * loader/report/console.c
 *		Messages and the progress line, on standard error.
 *
 * Every write happens under the console's lock and first takes the progress line away, so that
 * workers' messages and the display's redrawing never mix on a line. Standard output is touched for
 * --json alone: it holds the sets' ids and nothing else. Names, options and the words of a
 * datastore may be anybody's, so all text becomes visible here, whoever gives it.
 */
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "loader/client/text.h"
#include "loader/report/console.h"
#include "loader/report/json_line.h"

#define ERASE_LINE "\r\033[K"

static void
erase_bar(NachetConsole *console)
{
	if (console->bar_drawn)
		fputs(ERASE_LINE, stderr);
	console->bar_drawn = false;
}

/* --json: an error or a warning as a line of its own; item and error may be NULL. */
static void
write_json(const char *message_type, const char *item, const char *message,
           const NachetError *error)
{
	NachetText line;

	nachet_json_begin(&line, message_type);
	if (item != NULL)
		nachet_json_text(&line, "item", item);
	nachet_json_text(&line, "message", message);
	if (error != NULL && error->sqlstate[0] != '\0')
		nachet_json_text(&line, "code", error->sqlstate);
	if (error != NULL && error->detail != NULL)
		nachet_json_text(&line, "detail", error->detail);
	if (error != NULL && error->hint != NULL)
		nachet_json_text(&line, "hint", error->hint);
	(void) nachet_json_end(&line); /* stays an error of standard output, which the summary meets */
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

/* As a line on standard error, and with a message_type as one of JSON too. */
__attribute__((format(printf, 4, 0))) static void
write_line(NachetConsole *console, const char *kind, const char *message_type, const char *format,
           va_list args)
{
	char *message;

	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	put_line(kind, "", "", message != NULL ? message : "out of memory", 0);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
	if (console->json && message_type != NULL && message != NULL)
		write_json(message_type, NULL, message, NULL);
	free(message);
}

void
nachet_console_init(NachetConsole *console)
{
	memset(console, 0, sizeof(*console));
	pthread_mutex_init(&console->lock, NULL);
}

void
nachet_console_error(NachetConsole *console, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(console, "error: ", "error", format, args);
	va_end(args);
}

static void
write_file_line(NachetConsole *console, const char *kind, const char *message_type,
                const char *path, const char *between, const char *reason)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	put_line(kind, path, between, reason, 0);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
	if (console->json)
		write_json(message_type, path, reason, NULL);
}

void
nachet_console_file_error(NachetConsole *console, const char *path, const char *reason)
{
	write_file_line(console, "error: ", "error", path, ": ", reason);
}

void
nachet_console_left_out(NachetConsole *console, const char *path, const char *reason)
{
	write_file_line(console, "warning: ", "warning", path, ": left out: ", reason);
}

void
nachet_console_warning(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet)
		return;
	va_start(args, format);
	write_line(console, "warning: ", NULL, format, args);
	va_end(args);
}

void
nachet_console_note(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet)
		return;
	va_start(args, format);
	write_line(console, "", NULL, format, args);
	va_end(args);
}

void
nachet_console_detail(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet || !console->verbose)
		return;
	va_start(args, format);
	write_line(console, "", NULL, format, args);
	va_end(args);
}

void
nachet_console_failure(NachetConsole *console, const char *what, const NachetError *error)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	put_line("error: ", what, *what != '\0' ? ": " : "", error->set ? error->message : "unknown",
	         NACHET_VISIBLE_LINES);
	if (error->detail != NULL)
		put_line("detail: ", "", "", error->detail, NACHET_VISIBLE_LINES);
	if (error->hint != NULL)
		put_line("hint: ", "", "", error->hint, NACHET_VISIBLE_LINES);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
	if (console->json)
		write_json("error", *what != '\0' ? what : NULL, error->set ? error->message : "unknown",
		           error);
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
