/*
 * loader/report/json_line.h
 *		One line of JSON on standard output, for --json.
 *
 *	NachetText line;
 *	nachet_json_line_begin(&line, "status");
 *	nachet_json_number(&line, "files_done", 5);
 *	if (!nachet_json_line_end(&line)) ...
 */
#ifndef NACHET_LOADER_JSON_LINE_H
#define NACHET_LOADER_JSON_LINE_H

#include <stdbool.h>

#include "loader/client/text.h"

extern void nachet_json_line_begin(NachetText *line, const char *message_type);

/* Writes the line at once, and frees it; false, with errno, if that failed. */
extern bool nachet_json_line_end(NachetText *line);

#endif
