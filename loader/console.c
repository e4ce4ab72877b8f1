/*
 * loader/console.c
 *		Messages and the progress line, on standard error.
 *
 * Every write happens under the console's lock and first takes the progress line away, so that workers'
 * messages and the monitor's redrawing never mix on a line. Standard output is touched for --json alone: it
 * holds the sets' ids and nothing else.
 */
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "pure/names.h"
#include "console.h"
#include "json_line.h"

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
	NachetJsonLine line;

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

__attribute__((format(printf, 3, 0))) static void
write_line(NachetConsole *console, const char *kind, const char *format, va_list args)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	fprintf(stderr, "nachet-load: %s", kind);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
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
	char *message;

	va_start(args, format);
	write_line(console, "error: ", format, args);
	va_end(args);
	if (!console->json)
		return;
	va_start(args, format);
	if (vasprintf(&message, format, args) >= 0)
	{
		write_json("error", NULL, message, NULL);
		free(message);
	}
	va_end(args);
}

static void
write_file_line(NachetConsole *console, const char *message_type, const char *path,
                const char *left_out, const char *reason)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	fprintf(stderr, "nachet-load: %s: %s: %s%s\n", message_type, path, left_out, reason);
	fflush(stderr);
	pthread_mutex_unlock(&console->lock);
	if (console->json)
		write_json(message_type, path, reason, NULL);
}

void
nachet_console_file_error(NachetConsole *console, const char *path, const char *reason)
{
	write_file_line(console, "error", path, "", reason);
}

void
nachet_console_left_out(NachetConsole *console, const char *path, const char *reason)
{
	write_file_line(console, "warning", path, "left out: ", reason);
}

void
nachet_console_warning(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet)
		return;
	va_start(args, format);
	write_line(console, "warning: ", format, args);
	va_end(args);
}

void
nachet_console_note(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet)
		return;
	va_start(args, format);
	write_line(console, "", format, args);
	va_end(args);
}

void
nachet_console_detail(NachetConsole *console, const char *format, ...)
{
	va_list args;

	if (console->quiet || !console->verbose)
		return;
	va_start(args, format);
	write_line(console, "", format, args);
	va_end(args);
}

void
nachet_console_failure(NachetConsole *console, const char *what, const NachetError *error)
{
	pthread_mutex_lock(&console->lock);
	erase_bar(console);
	fprintf(stderr, "nachet-load: error: %s%s%s\n", what, *what != '\0' ? ": " : "",
	        error->set ? error->message : "unknown");
	if (error->detail != NULL)
		fprintf(stderr, "nachet-load: detail: %s\n", error->detail);
	if (error->hint != NULL)
		fprintf(stderr, "nachet-load: hint: %s\n", error->hint);
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
	char *escaped;
	char *out;
	bool utf8;

	if (asprintf(&plain, "%s%s%s", folder, slash, name) < 0)
		return NULL;
	utf8 = nachet_utf8_valid(plain, strlen(plain));
	escaped = malloc(4 * strlen(plain) + 1);
	if (escaped != NULL)
	{
		out = escaped;
		for (const unsigned char *in = (const unsigned char *) plain; *in != '\0'; in++)
		{
			/* U+0080 to U+009F are controls too: C2 80 to C2 9F, of which the second byte is escaped. */
			bool control = *in < 0x20 || *in == 0x7f ||
			               (in > (const unsigned char *) plain && in[-1] == 0xc2 && *in < 0xa0);

			if (control || (!utf8 && *in >= 0x80))
				out += sprintf(out, "\\x%02x", *in);
			else
				*out++ = (char) *in;
		}
		*out = '\0';
	}
	free(plain);
	return escaped;
}
