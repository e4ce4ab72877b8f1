/*
 * loader/report/json_line.c
 *		One line of JSON on standard output, for --json.
 *
 * A line is built in memory and written by one call, which stdio's own lock keeps whole: workers
 * and the monitor write at once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loader/report/json_line.h"

void
nachet_json_line_begin(NachetText *line, const char *message_type)
{
	memset(line, 0, sizeof(*line));
	nachet_text_format(line, "{\"message_type\":\"%s\"", message_type);
}

bool
nachet_json_line_end(NachetText *line)
{
	bool written;

	nachet_text_add(line, "}\n", 2);
	errno = ENOMEM;
	written = !line->failed && fwrite(line->bytes, 1, line->length, stdout) == line->length &&
	          fflush(stdout) == 0;
	nachet_text_free(line);
	return written;
}
