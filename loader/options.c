/*
 * loader/options.c
 *		nachet-load's options, from the environment and then from the command line.
 *
 * One table holds every option. A value is judged only as far as it can be without the datastore,
 * whose rules stay its own, and only once all have been read: --help does not depend on what stands
 * beside it.
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pure/names.h"
#include "loader/options.h"
#include "loader/service/url.h"

#define DEFAULT_MAX_JOBS 4
#define SEE_HELP         "(see nachet-load --help)"

#define ROW(kind, name, letter, variable, argument, member, default_value, minimum, maximum, help) \
	{                                                                                              \
		name, letter, variable, argument, kind, offsetof(NachetOptions, member), default_value,    \
		    minimum, maximum, help                                                                 \
	}
#define TEXT(name, letter, variable, argument, member, help)                                       \
	ROW(NACHET_OPTION_TEXT, name, letter, variable, argument, member, NULL, 0, 0, help)
#define LINES(name, variable, argument, member, help)                                              \
	ROW(NACHET_OPTION_LINES, name, 0, variable, argument, member, NULL, 0, 0, help)
#define COUNT(name, letter, variable, member, default_value, minimum, maximum, help)               \
	ROW(NACHET_OPTION_COUNT, name, letter, variable, "N", member, default_value, minimum, maximum, \
	    help)
#define FLAG(name, letter, variable, member, help)                                                 \
	ROW(NACHET_OPTION_FLAG, name, letter, variable, NULL, member, NULL, 0, 0, help)

static const NachetOptionRow rows[] = {
    TEXT("email", 'e', "NACHET_EMAIL", "EMAIL", email,
         "user who imports; must be registered (required, unless the service of --url takes\n"
         "it from the token)"),
    TEXT("seed", 's', "NACHET_SEED", "NAME", seed,
         "species in the pictures; must be a registered seed (required)"),
    TEXT("zoom", 'z', "NACHET_ZOOM", "LEVEL", zoom,
         "zoom level, a number greater than 0 (required)"),
    ROW(NACHET_OPTION_NUMERAL, "nb-seeds", 'c', "NACHET_NB_SEEDS", "COUNT", nb_seeds, NULL, 1,
        INT32_MAX, "number of seeds in each picture, at least 1 (required)"),
    TEXT("name", 0, "NACHET_NAME", "NAME", name,
         "name of the picture set (default: the name of the folder)"),
    ROW(NACHET_OPTION_CONNINFO, "dbname", 'd', "NACHET_DBNAME", "CONNINFO", dbname, NULL, 0, 0,
        "database to import into: a name, connection string or URI, without a password\n"
        "(default: libpq's PGHOST, PGDATABASE, PGSERVICE, ...)"),
    TEXT("url", 'u', "NACHET_URL", "URL", url,
         "import through the nachet-http service at URL instead of directly into a database;\n"
         "http:// or https://, with the service's path if any, without user and password"),
    TEXT("token-file", 0, "NACHET_TOKEN_FILE", "FILE", token_file,
         "send the token in FILE to the service (Authorization: Bearer); FILE is read for every\n"
         "request and must not be accessible to other users (chmod 600)"),
    TEXT("cacert", 0, "NACHET_CACERT", "FILE", cacert,
         "verify the service's certificate with the CA certificates in FILE (PEM)\n"
         "(default: $CURL_CA_BUNDLE, $SSL_CERT_FILE, or the system's)"),
    LINES("include", "NACHET_INCLUDE", "GLOB", choice.include,
          "import only files that match GLOB; may be repeated (see Patterns)"),
    LINES("exclude", "NACHET_EXCLUDE", "GLOB", choice.exclude,
          "do not import files that match GLOB; may be repeated; overrides --include"),
    TEXT("files-from", 0, "NACHET_FILES_FROM", "FILE|-", files_from,
         "import only the files listed in FILE, or on standard input if it is -: one path per\n"
         "line, relative to the one FOLDER; ignore lines that begin with '#' or ';'"),
    FLAG("from0", '0', "NACHET_FROM0", from0,
         "read paths that end with NUL from --files-from, as find -print0 writes them"),
    FLAG("follow", 'L', "NACHET_FOLLOW", follow,
         "follow symbolic links within the folders (default: leave them out, status 3)"),
    FLAG("include-machine-made", 0, "NACHET_INCLUDE_MACHINE_MADE", include_machine_made,
         "also import files that NAS boxes, desktops and programs make for themselves, such as\n"
         "@eaDir, #recycle, .thumbnails, .Trash-*, .DS_Store and *~ (default: do not; if an\n"
         "argument or a list names one, leave it out with a warning, status 3)"),
    FLAG("seed-from-folder", 0, "NACHET_SEED_FROM_FOLDER", seed_from_folder,
         "import each folder within FOLDER as a set of its own, with the name of that folder\n"
         "as its seed; files directly in FOLDER are an error; replaces --seed"),
    COUNT("jobs", 'j', "NACHET_JOBS", jobs, NULL, 1, NACHET_MAX_JOBS,
          "use N connections, at most 32 (default: number of processors, at most 4)"),
    ROW(NACHET_OPTION_ENUM, "on-error", 0, "NACHET_ON_ERROR", "stop|skip", on_error, "stop", 0, 0,
        "if a picture is refused: stop the import of its folder, or skip only that picture;\n"
        "a file that can't be read always stops the import"),
    COUNT("retries", 0, "NACHET_RETRIES", retries, "8", 0, 1000,
          "reconnect up to N times in a row after a lost connection, after 0.5 s, 1 s, 2 s\n"
          "and so on up to 30 s; 8 times take about a minute; 0: never"),
    FLAG("dry-run", 'n', "NACHET_DRY_RUN", dry_run,
         "check and compare everything, but store nothing"),
    TEXT("report", 0, "NACHET_REPORT", "FILE", report,
         "write one CSV line for each file: path, status, sha256, bytes, format, width, height,\n"
         "reason; status is imported, present (stored before, or the same as another file of\n"
         "the set), rejected (refused or unreadable), left_out (a symbolic link, a listed\n"
         "folder, or a machine-made file that is named), machine_made or not-imported (its\n"
         "set was not made)"),
    FLAG("json", 0, "NACHET_JSON", json,
         "write JSON Lines to standard output, with message_type status, error, warning and, at\n"
         "the end of each folder, summary"),
    FLAG("sql", 0, "NACHET_SQL", sql,
         "write a psql script to standard output instead, about 2.0 times as large\n"
         "as the pictures; needs no database (see below)"),
    FLAG("quiet", 'q', "NACHET_QUIET", quiet,
         "print only errors, and warnings about files that are left out"),
    FLAG("verbose", 'v', "NACHET_VERBOSE", verbose, "print more details"),
    FLAG("no-progress", 0, "NACHET_NO_PROGRESS", no_progress, "do not print progress"),
    FLAG("help", 'h', NULL, help, "show this help and exit"),
    FLAG("version", 'V', NULL, version, "show the version and exit"),
};

#define ROW_COUNT ((int) (sizeof(rows) / sizeof(rows[0])))

_Static_assert(ROW_COUNT <= NACHET_OPTION_ROWS_MAX, "more options than a table may have");

static void
tell_console(void *console, const char *message)
{
	nachet_console_error(console, "%s", message);
}

static NachetOptionTable
table_of(NachetOptions *options, NachetConsole *console)
{
	return (NachetOptionTable){"nachet-load", rows,    ROW_COUNT, options,
	                           tell_console,  console, {0},       {0}};
}

static void
print_help(const NachetOptionTable *table)
{
	fputs("nachet-load imports folders of pictures into a Nachet datastore.\n\n"
	      "Usage: nachet-load [OPTION]... FOLDER...\n\n"
	      "Each folder, with everything below it, becomes one picture set; the name of a picture\n"
	      "is its path within the folder. Files given as arguments become one set together, with\n"
	      "their base names; the set is named after the folder of the first file. All files are\n"
	      "checked before any data is sent. Running the same import again sends only what is\n"
	      "missing and returns the same set.\n\n"
	      "Options, and the environment variables that also set them:\n",
	      stdout);
	nachet_option_table_print(table);
	fputs(
	    "\n"
	    "Patterns are those of the shell. A pattern without a '/' is compared with the base name,\n"
	    "one with a '/' with the whole path within the folder; '*' and '?' do not match a '/',\n"
	    "'**/' matches any number of folders. A pattern that matches a folder matches everything\n"
	    "below it; a pattern that ends with '/' matches only folders.\n\n"
	    "Standard output: the id of each folder's picture set, one per line; with --json, JSON\n"
	    "Lines.\n"
	    "Exit status: 0 all imported; 1 failed, nothing imported; 2 wrong usage; 3 imported, but\n"
	    "without files that were rejected or left out; 4 the database or service can't be\n"
	    "reached; 5 some folders imported and some failed; 130 interrupted.\n\n"
	    "With --sql, all folders are checked and written as one script. When it is run, it\n"
	    "imports them in one transaction, with the same checks and the same sets:\n"
	    "  nachet-load --sql ... session-12/ > import.sql\n"
	    "  psql -X -v ON_ERROR_STOP=1 -d nachet -f import.sql\n"
	    "psql then prints the ids of the sets. Its role needs nachet_importer and TEMPORARY on\n"
	    "the database. An incomplete script fails when it is run.\n\n"
	    "With --url, the import goes through nachet-http over HTTP; nothing else differs.\n\n"
	    "Example:\n"
	    "  nachet-load -d nachet --email=someone@example.org --seed='Brassica napus' \\\n"
	    "    --zoom=20 --nb-seeds=5 session-12/\n",
	    stdout);
}

/* Whether a text is a decimal number as JSON and PostgreSQL write it, above 0 and finite. */
static bool
is_positive_number(const char *text)
{
	char *end;
	double value;

	if (text[strspn(text, "0123456789.eE+-")] != '\0')
		return false;
	errno = 0;
	value = strtod(text, &end);
	return end != text && *end == '\0' && errno == 0 && value > 0;
}

/* Names what is required and not there, all in one line. */
static bool
check_required(const NachetOptions *options, NachetConsole *console)
{
	char missing[128] = "";
	size_t length = 0;
	const struct
	{
		const char *name;
		const char *value;
	} required[] = {{"--email", options->url != NULL ? "the service's to tell" : options->email},
	                {"--seed", options->seed_from_folder ? "each folder's" : options->seed},
	                {"--zoom", options->zoom},
	                {"--nb-seeds", options->nb_seeds},
	                {"a folder", options->argument_count > 0 ? options->arguments[0] : NULL}};

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
	{
		if (required[i].value == NULL || *required[i].value == '\0')
			length += (size_t) snprintf(missing + length, sizeof(missing) - length, "%s%s",
			                            length > 0 ? ", " : "", required[i].name);
	}
	if (length > 0)
		nachet_console_error(console, "missing: %s " SEE_HELP, missing);
	return length == 0;
}

/* The name of a set keeps the rules of a picture's. */
static bool
check_name(const NachetOptions *options, NachetConsole *console)
{
	const char *name = options->name;
	const char *flaw = name != NULL ? nachet_name_flaw(name, strlen(name)) : NULL;

	if (flaw != NULL)
		nachet_console_error(console, "--name: the name '%s' %s", name, flaw);
	return flaw == NULL;
}

static bool
check_patterns(const NachetTexts *patterns, const char *option, NachetConsole *console)
{
	for (int i = 0; i < patterns->count; i++)
	{
		const char *flaw = nachet_pattern_flaw(patterns->text[i]);

		if (flaw == NULL)
			continue;
		nachet_console_error(console, "%s: the pattern '%s' %s", option, patterns->text[i], flaw);
		return false;
	}
	return true;
}

/* Which options exclude each other; NULL if none do. */
static const char *
find_conflict(const NachetOptions *options)
{
	if (options->seed_from_folder && options->seed != NULL)
		return "--seed and --seed-from-folder exclude each other";
	if (options->seed_from_folder && options->name != NULL)
		return "--name names one set, but --seed-from-folder makes many";
	if (options->seed_from_folder && options->files_from != NULL)
		return "--files-from and --seed-from-folder exclude each other";
	if (options->sql && (options->seed_from_folder || options->json || options->report != NULL))
		return "--sql can't be used with --seed-from-folder, --json or --report";
	if (options->url != NULL && options->dbname != NULL)
		return "--url and --dbname exclude each other";
	if (options->url != NULL && options->sql)
		return "--url and --sql exclude each other";
	if (options->url == NULL && (options->token_file != NULL || options->cacert != NULL))
		return "--token-file and --cacert require --url";
	if (options->from0 && options->files_from == NULL)
		return "--from0 requires --files-from";
	if (options->report != NULL && (*options->report == '\0' || strcmp(options->report, "-") == 0))
		return "--report requires a file: the ids of the sets go to standard output";
	return NULL;
}

/* Whether scripts and JSON can hold a text. */
static bool
is_utf8(const char *text)
{
	return text == NULL || nachet_utf8_valid(text, strlen(text));
}

/* What a service, or a script, may not be given; NULL if all is well. */
static const char *
find_unfit(const NachetOptions *options)
{
	if (options->token_file != NULL && nachet_service_url_is_open(options->url))
		return "--token-file requires an https:// URL: others could read the token on the network";
	if (options->sql && options->dry_run)
		return "--dry-run can't be used with --sql, which stores nothing itself";
	if (options->sql && isatty(STDOUT_FILENO))
		return "--sql writes to standard output, which is a terminal: use '> import.sql'";
	if ((options->sql || options->url != NULL) &&
	    !(is_utf8(options->email) && is_utf8(options->seed)))
		return "--email and --seed must be valid UTF-8";
	return NULL;
}

static uint64_t
default_jobs(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < DEFAULT_MAX_JOBS ? (uint64_t) processors : DEFAULT_MAX_JOBS;
}

static bool
check_values(NachetOptions *options, const NachetOptionTable *table, NachetConsole *console)
{
	const char *flaw;

	if (!check_required(options, console) || !check_name(options, console))
		return false;
	if (!is_positive_number(options->zoom))
	{
		nachet_console_error(console, "--zoom must be a number greater than 0, not '%s'",
		                     options->zoom);
		return false;
	}
	options->jobs = default_jobs();
	if (!nachet_option_table_settle(table) ||
	    !check_patterns(&options->choice.include, "--include", console) ||
	    !check_patterns(&options->choice.exclude, "--exclude", console))
		return false;
	if (options->files_from != NULL && !options->seed_from_folder && options->argument_count > 1)
	{
		nachet_console_error(console,
		                     "--files-from lists the files of one folder, but %d were given",
		                     options->argument_count);
		return false;
	}
	if ((flaw = find_conflict(options)) != NULL)
		nachet_console_error(console, "%s", flaw);
	else if (options->url != NULL && (flaw = nachet_service_url_flaw(options->url)) != NULL)
		nachet_console_error(console, "--url %s", flaw);
	else if ((flaw = find_unfit(options)) != NULL)
		nachet_console_error(console, "%s", flaw);
	return flaw == NULL;
}

/* Of --seed and --seed-from-folder, the command line's overrides the environment's. */
static void
settle_seed(NachetOptions *options, const NachetOptions *environment)
{
	bool seed_on_line = options->seed != environment->seed;

	if (options->seed_from_folder && options->seed != NULL &&
	    seed_on_line == environment->seed_from_folder)
	{
		options->seed_from_folder = !seed_on_line;
		if (!seed_on_line)
			options->seed = NULL;
	}
}

/* Likewise of --url, and --dbname or --sql; what goes with --url goes with it. */
static void
settle_destination(NachetOptions *options, const NachetOptions *environment)
{
	bool url_on_line = options->url != environment->url;
	bool dbname_on_line = options->dbname != environment->dbname;

	if (options->url != NULL && !url_on_line &&
	    (dbname_on_line || (options->sql && !environment->sql)))
		options->url = NULL;
	else if (options->url != NULL && url_on_line && !dbname_on_line)
		options->dbname = NULL;
	if (options->url == NULL && options->token_file == environment->token_file)
		options->token_file = NULL;
	if (options->url == NULL && options->cacert == environment->cacert)
		options->cacert = NULL;
}

void
nachet_options_free(NachetOptions *options)
{
	NachetOptionTable table = table_of(options, NULL);

	nachet_option_table_free(&table);
	memset(options, 0, sizeof(*options));
}

NachetOptionsOutcome
nachet_options_read(NachetOptions *options, NachetConsole *console, int argc, char **argv)
{
	NachetOptionTable table = table_of(options, console);
	NachetOptions environment;

	memset(options, 0, sizeof(*options));
	if (!nachet_option_table_read_environment(&table))
		return NACHET_OPTIONS_WRONG;
	environment = *options;
	if (!nachet_option_table_read_command_line(&table, argc, argv))
		return NACHET_OPTIONS_WRONG;
	options->arguments = argv + optind;
	options->argument_count = argc - optind;
	settle_seed(options, &environment);
	settle_destination(options, &environment);
	if (options->help)
		print_help(&table);
	else if (options->version)
		puts("nachet-load " NACHET_VERSION);
	else
		return check_values(options, &table, console) ? NACHET_OPTIONS_RUN : NACHET_OPTIONS_WRONG;
	return NACHET_OPTIONS_ANSWERED;
}
