/*
 * loader/options.c
 *		nachet-load's options, from the environment and then from the command line.
 *
 * One table holds every option: getopt's long and short forms, the environment's names and the help are
 * all made from it. A value is judged only as far as it can be without the datastore, whose rules stay
 * its own.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pure/names.h"
#include "client/datastore.h"
#include "choice.h"
#include "options.h"

#define DEFAULT_MAX_JOBS 4
#define DEFAULT_RETRIES  8
#define MAX_RETRIES      1000
#define SEE_HELP         "(see nachet-load --help)"

typedef enum OptionKind
{
	OPTION_TEXT,  /* const char * */
	OPTION_TEXTS, /* NachetTexts: may be repeated; in the environment, one a line */
	OPTION_FLAG   /* bool */
} OptionKind;

typedef struct OptionRow
{
	const char *name;
	char letter; /* 0 where there is none */
	const char *variable;
	const char *argument;
	OptionKind kind;
	size_t offset;
	const char *help;
} OptionRow;

#define TEXT(name, letter, variable, argument, member, help)                                       \
	{                                                                                              \
		name, letter, variable, argument, OPTION_TEXT, offsetof(NachetOptions, member), help       \
	}
#define TEXTS(name, letter, variable, argument, member, help)                                      \
	{                                                                                              \
		name, letter, variable, argument, OPTION_TEXTS, offsetof(NachetOptions, member), help      \
	}
#define FLAG(name, letter, variable, member, help)                                                 \
	{                                                                                              \
		name, letter, variable, NULL, OPTION_FLAG, offsetof(NachetOptions, member), help           \
	}

static const OptionRow table[] = {
    TEXT("email", 'e', "NACHET_EMAIL", "EMAIL", email, "who imports: a registered user (required)"),
    TEXT("seed", 's', "NACHET_SEED", "NAME", seed,
         "the species shown: a registered seed (required)"),
    TEXT("zoom", 'z', "NACHET_ZOOM", "LEVEL", zoom, "zoom level, a number above 0 (required)"),
    TEXT("nb-seeds", 'c', "NACHET_NB_SEEDS", "COUNT", nb_seeds,
         "number of seeds on each picture, at least 1 (required)"),
    TEXT("name", 0, "NACHET_NAME", "NAME", name, "name of the picture set (default: the folder's)"),
    TEXT("dbname", 'd', "NACHET_DBNAME", "CONNINFO", dbname,
         "database: a name, connection string or URI, without a password\n"
         "(default: libpq's PGHOST, PGDATABASE, PGSERVICE, ...)"),
    TEXTS("include", 0, "NACHET_INCLUDE", "GLOB", include,
          "take only files that a pattern meets; may be repeated (see Patterns)"),
    TEXTS("exclude", 0, "NACHET_EXCLUDE", "GLOB", exclude,
          "take no file that a pattern meets; may be repeated, and goes before --include"),
    TEXT("files-from", 0, "NACHET_FILES_FROM", "FILE|-", files_from,
         "take only the files that FILE, or standard input, lists: one path a line,\n"
         "relative to the one FOLDER; lines that begin with '#' or ';' say nothing"),
    FLAG("from0", '0', "NACHET_FROM0", from0,
         "the paths of --files-from end with NUL, as find -print0 writes them"),
    FLAG("follow", 'L', "NACHET_FOLLOW", follow,
         "follow symbolic links within the folders (else left out with a warning)"),
    FLAG("seed-from-folder", 0, "NACHET_SEED_FROM_FOLDER", seed_from_folder,
         "each folder within FOLDER is a set of its own, whose seed is that folder's name;\n"
         "files directly in FOLDER are an error; instead of --seed"),
    TEXT("jobs", 'j', "NACHET_JOBS", "N", jobs_given,
         "connections to send over (default: the processors, 4 at most)"),
    TEXT("on-error", 0, "NACHET_ON_ERROR", "stop|skip", on_error,
         "what a refused picture does: stop the folder's import (default),\n"
         "or be left out; a file that can't be read always stops it"),
    TEXT("retries", 0, "NACHET_RETRIES", "N", retries_given,
         "how often in a row a lost connection is made anew, after 0.5 s, 1 s, 2 s\n"
         "and so on up to 30 s (default: 8, which takes a minute or so; 0: never)"),
    FLAG("dry-run", 'n', "NACHET_DRY_RUN", dry_run, "check and compare everything, store nothing"),
    TEXT("report", 0, "NACHET_REPORT", "FILE", report,
         "write one line of CSV for each file: path, status, sha256, bytes, format, width,\n"
         "height, reason; status is imported, present (stored before, or equal to another\n"
         "file of the set), rejected or not-imported (its set was not made)"),
    FLAG("json", 0, "NACHET_JSON", json,
         "write JSON Lines to standard output: message_type status, error and, at each\n"
         "folder's end, summary"),
    FLAG("sql", 0, "NACHET_SQL", sql,
         "write a psql script to standard output instead, about 2.0 times as large\n"
         "as the pictures; needs no database (see below)"),
    FLAG("quiet", 'q', "NACHET_QUIET", quiet, "say nothing but errors"),
    FLAG("verbose", 'v', "NACHET_VERBOSE", verbose, "say more"),
    FLAG("no-progress", 0, "NACHET_NO_PROGRESS", no_progress,
         "tell no progress, neither in a line on a terminal nor now and then elsewhere"),
    FLAG("help", 'h', NULL, help, "show this help and exit"),
    FLAG("version", 'V', NULL, version, "show the version and exit"),
};

#define TABLE_ROWS ((int) (sizeof(table) / sizeof(table[0])))

/* getopt's value for a row: beyond any character. */
#define ROW_VALUE(row) (256 + (row))

static const char **
text_of(NachetOptions *options, const OptionRow *row)
{
	return (const char **) (void *) ((char *) options + row->offset);
}

static NachetTexts *
texts_of(NachetOptions *options, const OptionRow *row)
{
	return (NachetTexts *) (void *) ((char *) options + row->offset);
}

static bool
add_text(NachetTexts *texts, const char *text, NachetConsole *console)
{
	const char **grown = reallocarray(texts->text, (size_t) texts->count + 1, sizeof(*texts->text));

	if (grown == NULL)
	{
		nachet_console_error(console, "out of memory");
		return false;
	}
	texts->text = grown;
	texts->text[texts->count++] = text;
	return true;
}

static bool *
flag_of(NachetOptions *options, const OptionRow *row)
{
	return (bool *) (void *) ((char *) options + row->offset);
}

static void
print_help(void)
{
	fputs("nachet-load imports folders of pictures into a Nachet datastore.\n\n"
	      "Usage: nachet-load [OPTION]... FOLDER...\n\n"
	      "Each folder, with all that lies below it, becomes one picture set; each picture is "
	      "named by its\n"
	      "path within the folder. Plain files given as arguments make one set together, named by "
	      "their\n"
	      "base names; their set is named for the folder that holds the first of them. Every file "
	      "is\n"
	      "checked before a byte is sent. Running the same import again sends only what is missing "
	      "and\n"
	      "gives the same set.\n\n"
	      "Options, and the environment variables that set them too:\n",
	      stdout);
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		const OptionRow *row = &table[i];
		const char *line = row->help;
		char letter[8] = "    ";

		if (row->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		printf("  %s--%s%s%s%s%s\n", letter, row->name, row->argument != NULL ? "=" : "",
		       row->argument != NULL ? row->argument : "", row->variable != NULL ? "  " : "",
		       row->variable != NULL ? row->variable : "");
		while (line != NULL)
		{
			const char *end = strchrnul(line, '\n');

			printf("        %.*s\n", (int) (end - line), line);
			line = *end != '\0' ? end + 1 : NULL;
		}
	}
	fputs(
	    "\nPatterns are the shell's. One without a '/' is held against the base name, one with a "
	    "'/' "
	    "against\n"
	    "the whole path within the folder; '*' and '?' do not cross a '/', '**/' stands for any "
	    "number of\n"
	    "folders. A pattern that meets a folder meets all below it; one that ends with '/' meets "
	    "folders only.\n"
	    "\nStandard output: the id of each folder's picture set, one a line; with --json, JSON "
	    "Lines.\n"
	    "Exit status: 0 all imported; 1 failed, nothing imported; 2 wrong usage; 3 imported, but "
	    "refused\n"
	    "pictures were left out; 4 the database can't be reached; 5 some folders imported and some "
	    "failed;\n"
	    "130 interrupted.\n\n"
	    "With --sql all folders are checked and written as one script, which imports them in one\n"
	    "transaction where and when it is run, with the same checks and the same sets:\n"
	    "  nachet-load --sql ... session-12/ > import.sql\n"
	    "  psql -X -v ON_ERROR_STOP=1 -d nachet -f import.sql\n"
	    "psql then prints the sets' ids. Its role needs nachet_importer and TEMPORARY on the "
	    "database.\n"
	    "A script that could not be written whole fails when it is run.\n\n"
	    "Example:\n"
	    "  nachet-load -d nachet --email=someone@example.org --seed='Brassica napus' --zoom=20 \\\n"
	    "    --nb-seeds=5 session-12/\n",
	    stdout);
}

/* A variable's lines, of which the options keep a copy. */
static bool
add_lines(NachetOptions *options, NachetTexts *texts, const char *value, NachetConsole *console)
{
	char *next = strdup(value);

	options->copies[options->copy_count++] = next;
	if (next == NULL)
	{
		nachet_console_error(console, "out of memory");
		return false;
	}
	texts->from_environment = true;
	for (char *line; (line = strsep(&next, "\n")) != NULL;)
	{
		if (*line != '\0' && !add_text(texts, line, console))
			return false;
	}
	return true;
}

/* The same for the command line, which goes before the environment. */
static bool
add_argument(NachetTexts *texts, const char *text, NachetConsole *console)
{
	if (texts->from_environment)
		texts->count = 0;
	texts->from_environment = false;
	return add_text(texts, text, console);
}

/* What stands in the environment; a flag is on at 1, yes, true, on and off at 0, no, false, off and "". */
static bool
read_environment(NachetOptions *options, NachetConsole *console)
{
	static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};

	for (int i = 0; i < TABLE_ROWS; i++)
	{
		const OptionRow *row = &table[i];
		const char *value = row->variable != NULL ? getenv(row->variable) : NULL;
		bool known = false;

		if (value == NULL || *value == '\0')
			continue;
		if (row->kind == OPTION_TEXT)
		{
			*text_of(options, row) = value;
			continue;
		}
		if (row->kind == OPTION_TEXTS)
		{
			if (!add_lines(options, texts_of(options, row), value, console))
				return false;
			continue;
		}
		for (int word = 0; word < 8; word++)
		{
			if (strcasecmp(value, words[word]) == 0)
			{
				*flag_of(options, row) = word % 2 == 1;
				known = true;
			}
		}
		if (!known)
		{
			nachet_console_error(console, "%s must be 1 or 0, not '%s'", row->variable, value);
			return false;
		}
	}
	return true;
}

static bool
read_command_line(NachetOptions *options, NachetConsole *console, int argc, char **argv)
{
	struct option longs[TABLE_ROWS + 1];
	char shorts[2 * TABLE_ROWS + 2] = ":";
	size_t length = 1;
	int value;

	memset(longs, 0, sizeof(longs));
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].kind != OPTION_FLAG ? required_argument : no_argument;
		longs[i].val = ROW_VALUE(i);
		if (table[i].letter != 0)
			shorts[length++] = table[i].letter;
		if (table[i].letter != 0 && table[i].kind != OPTION_FLAG)
			shorts[length++] = ':';
	}
	shorts[length] = '\0';

	opterr = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
	{
		const OptionRow *row = NULL;

		if (value == ':')
		{
			nachet_console_error(console, "option '%s' needs a value " SEE_HELP, argv[optind - 1]);
			return false;
		}
		for (int i = 0; i < TABLE_ROWS; i++)
		{
			if (value == ROW_VALUE(i) || (value == table[i].letter && value != 0 && value != '?'))
				row = &table[i];
		}
		if (row == NULL && optopt > 0 && optopt < 256)
			nachet_console_error(console, "there is no option '-%c' " SEE_HELP, optopt);
		else if (row == NULL)
			nachet_console_error(console, "option '%s' is not understood " SEE_HELP,
			                     argv[optind - 1]);
		else if (row->kind == OPTION_TEXT)
			*text_of(options, row) = optarg;
		else if (row->kind == OPTION_FLAG)
			*flag_of(options, row) = true;
		if (row == NULL ||
		    (row->kind == OPTION_TEXTS && !add_argument(texts_of(options, row), optarg, console)))
			return false;
		if (row->offset == offsetof(NachetOptions, dbname) && nachet_conninfo_has_password(optarg))
		{
			nachet_console_error(
			    console,
			    "--dbname holds a password, which everyone could read in the process list: "
			    "use PGPASSFILE, a service file or PGPASSWORD instead");
			return false;
		}
	}
	options->arguments = argv + optind;
	options->argument_count = argc - optind;
	return true;
}

/* A whole number from min to max; -1 for anything else. */
static long
read_whole(const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	return isdigit((unsigned char) *text) && *end == '\0' && errno == 0 && value >= min &&
	               value <= max
	           ? value
	           : -1;
}

/* Whether a text is a decimal number, as JSON and PostgreSQL's numeric write it, above 0 and finite. */
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
	} required[] = {{"--email", options->email},
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

/* What a script can't hold, and where it may not go. */
static bool
check_script(const NachetOptions *options, NachetConsole *console)
{
	const char *const texts[] = {options->email, options->seed, options->name};

	if (options->dry_run)
	{
		nachet_console_error(console,
		                     "--sql stores nothing by itself: --dry-run does not go with it");
		return false;
	}
	if (isatty(STDOUT_FILENO))
	{
		nachet_console_error(
		    console, "--sql writes to standard output, which is a terminal: use '> import.sql'");
		return false;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		if (texts[i] == NULL || nachet_utf8_valid(texts[i], strlen(texts[i])))
			continue;
		nachet_console_error(console, "--email, --seed and --name must be valid UTF-8");
		return false;
	}
	return true;
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

/* What can't go together. */
static bool
check_together(const NachetOptions *options, NachetConsole *console)
{
	if (options->seed_from_folder && options->seed != NULL)
		nachet_console_error(console, "--seed and --seed-from-folder exclude each other");
	else if (options->seed_from_folder && options->name != NULL)
		nachet_console_error(console, "--name names one set, and --seed-from-folder makes many");
	else if (options->seed_from_folder && options->files_from != NULL)
		nachet_console_error(console, "--files-from and --seed-from-folder exclude each other");
	else if (options->files_from != NULL && options->argument_count > 1)
		nachet_console_error(console,
		                     "--files-from lists the files of one folder, and %d were given",
		                     options->argument_count);
	else if (options->sql &&
	         (options->seed_from_folder || options->json || options->report != NULL))
		nachet_console_error(console,
		                     "--sql goes with none of --seed-from-folder, --json and --report");
	else if (options->from0 && options->files_from == NULL)
		nachet_console_error(console, "--from0 tells how --files-from is read, which is missing");
	else
		return true;
	return false;
}

static bool
check_values(NachetOptions *options, NachetConsole *console)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (!check_required(options, console))
		return false;
	if (!is_positive_number(options->zoom))
	{
		nachet_console_error(console, "--zoom must be a number above 0, not '%s'", options->zoom);
		return false;
	}
	if (read_whole(options->nb_seeds, 1, INT32_MAX) < 0)
	{
		nachet_console_error(console, "--nb-seeds must be a whole number, at least 1, not '%s'",
		                     options->nb_seeds);
		return false;
	}
	if (options->jobs_given == NULL)
		options->jobs = processors < 1                  ? 1
		                : processors > DEFAULT_MAX_JOBS ? DEFAULT_MAX_JOBS
		                                                : (int) processors;
	else
		options->jobs = (int) read_whole(options->jobs_given, 1, NACHET_MAX_JOBS);
	if (options->jobs < 0)
	{
		nachet_console_error(console, "--jobs must be a whole number from 1 to %d, not '%s'",
		                     NACHET_MAX_JOBS, options->jobs_given);
		return false;
	}
	options->retries = DEFAULT_RETRIES;
	if (options->retries_given != NULL)
		options->retries = (int) read_whole(options->retries_given, 0, MAX_RETRIES);
	if (options->retries < 0)
	{
		nachet_console_error(console, "--retries must be a whole number from 0 to %d, not '%s'",
		                     MAX_RETRIES, options->retries_given);
		return false;
	}
	if (!check_patterns(&options->include, "--include", console) ||
	    !check_patterns(&options->exclude, "--exclude", console) ||
	    !check_together(options, console))
		return false;
	if (options->report != NULL && (*options->report == '\0' || strcmp(options->report, "-") == 0))
	{
		nachet_console_error(console, "--report needs a file: standard output holds the sets' ids");
		return false;
	}
	options->skip_refused = options->on_error != NULL && strcmp(options->on_error, "skip") == 0;
	if (options->on_error != NULL && !options->skip_refused &&
	    strcmp(options->on_error, "stop") != 0)
	{
		nachet_console_error(console, "--on-error must be stop or skip, not '%s'",
		                     options->on_error);
		return false;
	}
	return !options->sql || check_script(options, console);
}

/* Of --seed and --seed-from-folder, the one on the command line goes before the one in the environment. */
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

void
nachet_options_free(NachetOptions *options)
{
	for (int i = 0; i < options->copy_count; i++)
		free(options->copies[i]);
	free(options->include.text);
	free(options->exclude.text);
	memset(options, 0, sizeof(*options));
}

NachetOptionsOutcome
nachet_options_read(NachetOptions *options, NachetConsole *console, int argc, char **argv)
{
	NachetOptions environment;

	memset(options, 0, sizeof(*options));
	if (!read_environment(options, console))
		return NACHET_OPTIONS_WRONG;
	environment = *options;
	if (!read_command_line(options, console, argc, argv))
		return NACHET_OPTIONS_WRONG;
	settle_seed(options, &environment);
	if (options->help)
		print_help();
	else if (options->version)
		puts("nachet-load " NACHET_VERSION);
	else
		return check_values(options, console) ? NACHET_OPTIONS_RUN : NACHET_OPTIONS_WRONG;
	return NACHET_OPTIONS_ANSWERED;
}
