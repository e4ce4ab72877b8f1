/*
 * loader/report.h
 *		--report: what became of each file, one line of CSV (RFC 4180) each.
 */
#ifndef NACHET_LOADER_REPORT_H
#define NACHET_LOADER_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "console.h"
#include "files.h"

/* path, status, sha256, bytes, format, width, height, reason */
typedef struct NachetReport
{
	pthread_mutex_t lock;
	const char *path; /* NULL: no report is wanted, and all calls do nothing */
	FILE *stream;
} NachetReport;

/* Opens the file, over what it held, and writes the heading. False, said on the console, where it can't. */
extern bool nachet_report_open(NachetReport *report, const char *path, NachetConsole *console)
    __attribute__((warn_unused_result));

/*
 * A file, or a folder with all below it, that is in no set: rejected, left_out or machine_made.
 * name is its display name; file may be NULL. Any thread.
 */
extern void nachet_report_entry(NachetReport *report, const char *name, const char *status,
                                const NachetFile *file, const char *reason);

/*
 * All files of a set's list: imported or present where their set was made, else not-imported with
 * the reason, NULL where it was made.
 */
extern void nachet_report_files(NachetReport *report, const NachetFiles *files, const char *reason);

/* Closes it; false, said on the console, where anything could not be written. */
extern bool nachet_report_close(NachetReport *report, NachetConsole *console)
    __attribute__((warn_unused_result));

#endif
