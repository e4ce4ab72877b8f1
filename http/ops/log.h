#ifndef NACHET_HTTP_LOG_H
#define NACHET_HTTP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/client/text.h"

typedef enum NachetLogFormat
{
	NACHET_LOG_TEXT,
	NACHET_LOG_JSON
} NachetLogFormat;

/* To be called before there are threads. */
extern void nachet_log_set_format(NachetLogFormat format);
extern NachetLogFormat nachet_log_format(void);

/* News of the service, and warnings that an operator should look into. */
extern void nachet_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void nachet_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From here on a thread writes the lines, and no other waits for a reader; before, and if there is
 * no thread to be had, lines are written at once.
 */
extern void nachet_log_start(void);

/* Writes out what is queued, for a second at most. */
extern void nachet_log_stop(void);

/* How many lines were lost, because nobody read the log. */
extern uint64_t nachet_log_lost(void);

/*
 * A line of the caller's own: begin writes what every line begins with, in JSON the members time
 * and level; the caller adds to it, and end writes it out and frees it. The caller sees to it that
 * a text line stays one line.
 */
extern void nachet_log_line_begin(NachetText *line, const char *level);

/* Adds the line's last text, escaped, in JSON as a string; cut if the line would be too long. */
extern void nachet_log_line_words(NachetText *line, const char *words, size_t length);
extern void nachet_log_line_end(NachetText *line);

#endif
