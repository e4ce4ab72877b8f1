/*
 * http/log.h
 *		Lines on standard error, as text or as JSON Lines.
 */
#ifndef NACHET_HTTP_LOG_H
#define NACHET_HTTP_LOG_H

#include <stdbool.h>

#include "text.h"

typedef enum NachetLogFormat
{
	NACHET_LOG_TEXT,
	NACHET_LOG_JSON
} NachetLogFormat;

/* False for what is neither "text" nor "json". To be called before there are threads. */
extern bool nachet_log_set_format(const char *name) __attribute__((warn_unused_result));
extern NachetLogFormat nachet_log_format(void);

/* What the service has to say of itself, and what an operator should look into. */
extern void nachet_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void nachet_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From now on this thread drops a line that standard error has no room for, and waits for no one to
 * read it.
 */
extern void nachet_log_never_wait(void);

/*
 * A line of the caller's own: begin writes what every line begins with, in JSON the members time and level; the
 * caller adds to it, and end writes it out and frees it. The caller sees to it that a text line stays one line.
 */
extern void nachet_log_line_begin(NachetText *line, const char *level);
extern void nachet_log_line_end(NachetText *line);

#endif
