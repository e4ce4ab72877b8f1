/*
 * loader/report/json_line.h
 *		One line of JSON on standard output, for --json.
 *
 *	NachetText line;
 *	nachet_json_begin(&line, "status");
 *	nachet_json_number(&line, "files_done", 5);
 *	if (!nachet_json_end(&line)) ...
 */
#ifndef NACHET_LOADER_JSON_LINE_H
#define NACHET_LOADER_JSON_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/client/text.h"

extern void nachet_json_begin(NachetText *line, const char *message_type);

/* NULL becomes null. */
extern void nachet_json_text(NachetText *line, const char *key, const char *value);
extern void nachet_json_number(NachetText *line, const char *key, uint64_t value);
extern void nachet_json_fraction(NachetText *line, const char *key, double value);
extern void nachet_json_bool(NachetText *line, const char *key, bool value);

/* Writes the line at once, and frees it; false, with errno, if that failed. */
extern bool nachet_json_end(NachetText *line);

#endif
