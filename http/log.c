/*
 * http/log.c
 *		Lines on standard error, as text or as JSON Lines.
 *
 * One write a line keeps the lines of many threads whole; no lock is taken, so that a log that
 * nobody reads stops only the threads that write to it, and not even those that never wait.
 * Whatever a message holds, it stays one line and moves no terminal.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* What is longer is cut: a pipe takes 4,096 bytes in one piece, and escaping makes a message longer. */
#define MESSAGE_BYTES 2048

static NachetLogFormat log_format = NACHET_LOG_TEXT;

static _Thread_local bool never_waits;

bool
nachet_log_set_format(const char *name)
{
	if (strcmp(name, "json") == 0)
		log_format = NACHET_LOG_JSON;
	else if (strcmp(name, "text") == 0)
		log_format = NACHET_LOG_TEXT;
	else
		return false;
	return true;
}

NachetLogFormat
nachet_log_format(void)
{
	return log_format;
}

void
nachet_log_never_wait(void)
{
	never_waits = true;
}

/* Whether a write would not wait: a pipe that can be written to has room for a whole line. */
static bool
has_room(void)
{
	struct pollfd file = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&file, 1, 0) != 0;
}

void
nachet_log_line_begin(NachetText *line, const char *level)
{
	char date[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	memset(line, 0, sizeof(*line));
	if (log_format == NACHET_LOG_JSON)
		nachet_text_format(line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", date,
		                   now.tv_nsec / 1000000, level);
	else
		nachet_text_format(line, "%s.%03ldZ nachet-http: %s", date, now.tv_nsec / 1000000,
		                   strcmp(level, "warning") == 0 ? "warning: " : "");
}

void
nachet_log_line_end(NachetText *line)
{
	if (log_format == NACHET_LOG_JSON)
		nachet_text_add(line, "}", 1);
	nachet_text_add(line, "\n", 1);
	/* A line that can't be made or written has nobody to be told to. */
	if (!line->failed && (!never_waits || has_room()))
		(void) !write(STDERR_FILENO, line->bytes, line->length);
	nachet_text_free(line);
}

static void __attribute__((format(printf, 2, 0)))
write_message(const char *level, const char *format, va_list args)
{
	char message[MESSAGE_BYTES];
	NachetText line;

	if (vsnprintf(message, sizeof(message), format, args) < 0)
		return;
	nachet_log_line_begin(&line, level);
	if (log_format == NACHET_LOG_JSON)
	{
		nachet_text_format(&line, ",\"message\":");
		nachet_text_json(&line, message, strlen(message));
	}
	else
		nachet_text_visible(&line, message, strlen(message));
	nachet_log_line_end(&line);
}

void
nachet_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message("info", format, args);
	va_end(args);
}

void
nachet_log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message("warning", format, args);
	va_end(args);
}
