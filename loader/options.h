#ifndef NACHET_LOADER_OPTIONS_H
#define NACHET_LOADER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/client/option_table.h"
#include "loader/files/choice.h"
#include "loader/report/console.h"

#define NACHET_MAX_JOBS 32

/* What a refused picture does. */
typedef enum NachetOnError
{
	NACHET_ON_ERROR_STOP, /* stops the folder's import */
	NACHET_ON_ERROR_SKIP  /* is rejected alone */
} NachetOnError;

typedef struct NachetOptions
{
	const char *email;
	const char *seed;
	const char *zoom;       /* a decimal number above 0 */
	const char *nb_seeds;   /* a whole number, at least 1; goes to the datastore as it was given */
	const char *name;       /* NULL: the folder's own */
	const char *dbname;     /* NULL: libpq's environment */
	const char *url;        /* of nachet-http; NULL: straight into the database */
	const char *token_file; /* NULL: no token */
	const char *cacert;     /* NULL: as curl's users have it */
	NachetOnError on_error;
	uint64_t jobs;    /* 1 to NACHET_MAX_JOBS */
	uint64_t retries; /* how often in a row */
	const char *report;
	NachetChoice choice;
	const char *files_from; /* a path, or "-"; NULL for all files */
	bool from0;
	bool follow;
	bool include_machine_made;
	bool seed_from_folder;
	bool json;
	bool dry_run;
	bool sql;
	bool quiet;
	bool verbose;
	bool no_progress;
	bool help;
	bool version;
	char **arguments; /* folders and files */
	int argument_count;
} NachetOptions;

/* The strings stay the environment's and argv's own. To be freed whatever the outcome. */
extern NachetOptionsOutcome nachet_options_read(NachetOptions *options, NachetConsole *console,
                                                int argc, char **argv)
    __attribute__((warn_unused_result));
extern void nachet_options_free(NachetOptions *options);

#endif
