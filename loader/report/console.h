#ifndef NACHET_LOADER_CONSOLE_H
#define NACHET_LOADER_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "loader/client/error.h"
#include "loader/client/text.h"

typedef struct NachetConsole
{
	pthread_mutex_t lock;
	bool quiet;   /* errors, and what is left out, only */
	bool json;    /* these also as JSON on standard output */
	bool verbose; /* more notes */
	bool bar;     /* whether a progress line may be drawn: standard error is a terminal */
	bool bar_drawn;
} NachetConsole;

extern void nachet_console_init(NachetConsole *console);

typedef enum NachetConsoleKind
{
	NACHET_CONSOLE_ERROR,
	NACHET_CONSOLE_WARNING, /* not if quiet, as the two below */
	NACHET_CONSOLE_NOTE,
	NACHET_CONSOLE_DETAIL /* only if verbose */
} NachetConsoleKind;

/* One line, behind "nachet-load: " and, for the first two kinds, "error: " or "warning: ". */
extern void nachet_console_write(NachetConsole *console, NachetConsoleKind kind, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

#define nachet_console_error(console, ...)                                                         \
	nachet_console_write(console, NACHET_CONSOLE_ERROR, __VA_ARGS__)
#define nachet_console_warning(console, ...)                                                       \
	nachet_console_write(console, NACHET_CONSOLE_WARNING, __VA_ARGS__)
#define nachet_console_note(console, ...)                                                          \
	nachet_console_write(console, NACHET_CONSOLE_NOTE, __VA_ARGS__)
#define nachet_console_detail(console, ...)                                                        \
	nachet_console_write(console, NACHET_CONSOLE_DETAIL, __VA_ARGS__)

/* An error of one file, whose path comes as the console shows names. */
extern void nachet_console_file_error(NachetConsole *console, const char *path, const char *reason);

/* A warning that one file or folder is left out; quiet does not silence it, as it does others. */
extern void nachet_console_left_out(NachetConsole *console, const char *path, const char *reason);

/* An error with its detail and its hint, each on a line; what was being done, or "". */
extern void nachet_console_failure(NachetConsole *console, const char *what,
                                   const NachetError *error);

/*
 * One line of JSON on standard output, for --json:
 *
 *	NachetText line;
 *	nachet_console_json_begin(&line, "status");
 *	nachet_json_number(&line, "files_done", 5);
 *	if (!nachet_console_json_end(&line)) ...
 *
 * The end writes the line at once, and frees it; false, with errno, if that failed.
 */
extern void nachet_console_json_begin(NachetText *line, const char *message_type);
extern bool nachet_console_json_end(NachetText *line);

/* Whether nobody takes what is written to standard output or standard error, for now. */
extern bool nachet_console_blocked(void);

/*
 * One error line, if it can be written without waiting, and nothing else after it. Takes no lock,
 * because the thread that holds it may never give it back.
 */
extern void nachet_console_last_words(const NachetConsole *console, const char *words);

/* Draws the progress line over the last one; NULL takes it away. Does nothing without bar. */
extern void nachet_console_bar(NachetConsole *console, const char *line);

/*
 * A file's name fit for a line on a terminal: control characters and bytes that are not UTF-8
 * become \xNN. folder, "" for none, goes before it with a '/'. The string is the caller's to free;
 * NULL if memory ran out.
 */
extern char *nachet_console_name(const char *folder, const char *name);

#endif
