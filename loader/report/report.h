#ifndef NACHET_LOADER_REPORT_H
#define NACHET_LOADER_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "loader/report/console.h"
#include "loader/files/files.h"
#include "loader/report/outputs.h"

/* path, status, sha256, bytes, format, width, height, reason */
typedef struct NachetReport
{
	pthread_mutex_t lock;
	const char *path; /* NULL: no report is wanted, and all calls do nothing */
	char *place;      /* the regular file that the report will be, or is; else NULL */
	char *unfinished; /* what it is until then, in the same folder; NULL if written in place */
	FILE *stream;
	bool told; /* whether it has a line on what the run reached */
	bool lost; /* memory ran out for a file's name */
} NachetReport;

/*
 * Whether the path may be written to: it is not there, empty, an older report, or no regular file,
 * and no symbolic link that leads nowhere; and no standard stream goes to the same regular file.
 * Changes nothing; logs.
 */
extern bool nachet_report_may_write(const char *path, NachetConsole *console)
    __attribute__((warn_unused_result));

/* Begins a report, which nachet_report_close puts in its place; logs. */
extern bool nachet_report_open(NachetReport *report, const char *path, NachetConsole *console)
    __attribute__((warn_unused_result));

/*
 * A file, or a folder with all below it, that is in no set: rejected, left_out or machine_made.
 * name is its display name; file may be NULL. Any thread.
 */
extern void nachet_report_entry(NachetReport *report, const char *name, const char *status,
                                const NachetFile *file, const char *reason);

/* A folder or a file, as the user writes it, that the run did not reach or not list whole. */
extern void nachet_report_not_reached(NachetReport *report, const char *path, const char *reason);

/*
 * All files of a set's list: imported or present if their set was made, else not-imported with the
 * reason, NULL if it was made.
 */
extern void nachet_report_files(NachetReport *report, const NachetFiles *files, const char *reason);

/* Whether this is the base name that the report has until it is whole. */
extern bool nachet_report_is_unfinished(const NachetReport *report, const char *name);

/* Adds the files that the report is and will be. */
extern void nachet_report_add_outputs(const NachetReport *report, NachetOutputs *outputs);

/*
 * Puts it in its place, over an older one; false, with a message, if anything could not be
 * written: an older one is then left as it is.
 */
extern bool nachet_report_close(NachetReport *report, NachetConsole *console)
    __attribute__((warn_unused_result));

/* Removes what is unfinished, for a process that ends at once. Any thread, until it is freed. */
extern void nachet_report_abandon(const NachetReport *report);

extern void nachet_report_free(NachetReport *report);

#endif
