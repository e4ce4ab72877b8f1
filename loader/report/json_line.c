/*
 * loader/report/json_line.c
 *		One line of JSON on standard output, for --json.
 *
 * A line is built in memory and written by one call, which stdio's own lock keeps whole: workers
 * and the monitor write at once. Numbers are written without the locale's help.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loader/report/json_line.h"

void
nachet_json_begin(NachetText *line, const char *message_type)
{
	memset(line, 0, sizeof(*line));
	nachet_text_format(line, "{\"message_type\":\"%s\"", message_type);
}

void
nachet_json_text(NachetText *line, const char *key, const char *value)
{
	nachet_text_format(line, ",\"%s\":%s", key, value == NULL ? "null" : "");
	if (value != NULL)
		nachet_text_json(line, value, strlen(value));
}

void
nachet_json_number(NachetText *line, const char *key, uint64_t value)
{
	nachet_text_format(line, ",\"%s\":%" PRIu64, key, value);
}

void
nachet_json_fraction(NachetText *line, const char *key, double value)
{
	uint64_t thousandths = value > 0 ? (uint64_t) (value * 1000 + 0.5) : 0;

	nachet_text_format(line, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, thousandths / 1000,
	                   thousandths % 1000);
}

void
nachet_json_bool(NachetText *line, const char *key, bool value)
{
	nachet_text_format(line, ",\"%s\":%s", key, value ? "true" : "false");
}

bool
nachet_json_end(NachetText *line)
{
	bool written;

	nachet_text_add(line, "}\n", 2);
	errno = ENOMEM;
	written = !line->failed && fwrite(line->bytes, 1, line->length, stdout) == line->length &&
	          fflush(stdout) == 0;
	nachet_text_free(line);
	return written;
}
