/*
 * loader/report/json_line.h
 *		One line of JSON on standard output, for --json.
 *
 *	NachetJsonLine line;
 *	nachet_json_begin(&line, "status");
 *	nachet_json_number(&line, "files_done", 5);
 *	if (!nachet_json_end(&line)) ...
 */
#ifndef NACHET_LOADER_JSON_LINE_H
#define NACHET_LOADER_JSON_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct NachetJsonLine
{
	FILE *stream; /* NULL where memory ran out */
	char *text;
	size_t length;
} NachetJsonLine;

extern void nachet_json_begin(NachetJsonLine *line, const char *message_type);

/* Bytes that are not UTF-8 become U+FFFD; NULL becomes null. */
extern void nachet_json_text(NachetJsonLine *line, const char *key, const char *value);
extern void nachet_json_number(NachetJsonLine *line, const char *key, uint64_t value);
extern void nachet_json_fraction(NachetJsonLine *line, const char *key, double value);
extern void nachet_json_bool(NachetJsonLine *line, const char *key, bool value);

/* Writes the line at once; false, with errno, where that failed. */
extern bool nachet_json_end(NachetJsonLine *line);

#endif
