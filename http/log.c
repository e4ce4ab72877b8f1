/*
 * http/log.c
 *		Messages on standard error, each one line and one write.
 *
 * One write a line keeps the lines of many threads whole; no lock is taken, so that a log that nobody reads
 * stops only who writes to it. Whatever the text holds, it stays one line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define LINE_BYTES 2048

void
nachet_log(const char *format, ...)
{
	char line[LINE_BYTES];
	struct timespec now;
	struct tm utc;
	size_t length;
	int added;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
	length += (size_t) snprintf(line + length, sizeof(line) - length,
	                            ".%03ldZ nachet-http: ", now.tv_nsec / 1000000);
	va_start(args, format);
	added = vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	if (added < 0)
		return;
	added = (size_t) added < sizeof(line) - length - 1 ? added : (int) (sizeof(line) - length - 2);
	for (int i = 0; i < added; i++)
	{
		unsigned char byte = (unsigned char) line[length + (size_t) i];

		if (byte < 0x20 || byte == 0x7f)
			line[length + (size_t) i] = ' ';
	}
	length += (size_t) added;
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		return; /* a message that can't be written has nobody to be told to */
}
