/*
 * test/fuzz/options_fuzz.c
 *		nachet-load's options: what is taken is in order, and means the same however it is written.
 *
 * Input: VARIABLE=value until an empty text, then arguments; each up to a NUL.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "loader/files/choice.h"
#include "loader/client/datastore.h"
#include "loader/options.h"
#include "loader/service/url.h"
#include "fuzz.h"

#define WORDS 64

typedef struct Words
{
	char *word[WORDS + 1];
	int count;
} Words;

static unsigned complaints;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	return freopen("/dev/null", "w", stdout) == NULL; /* --help */
}

void
nachet_console_write(NachetConsole *console, NachetConsoleKind kind, const char *format, ...)
{
	char *message = NULL;
	va_list args;

	(void) console;
	CLAIM(kind == NACHET_CONSOLE_ERROR);
	va_start(args, format);
	CLAIM(vasprintf(&message, format, args) > 0);
	va_end(args);
	free(message);
	complaints++;
}

static void
add(Words *words, char *word)
{
	if (words->count < WORDS)
		words->word[words->count++] = word;
	else
		free(word);
	words->word[words->count] = NULL;
}

static void __attribute__((format(printf, 2, 3))) add_format(Words *words, const char *format, ...)
{
	char *word = NULL;
	va_list args;

	va_start(args, format);
	CLAIM(vasprintf(&word, format, args) >= 0);
	va_end(args);
	add(words, word);
}

static void
free_words(Words *words)
{
	for (int i = 0; i < words->count; i++)
		free(words->word[i]);
}

/* Each reading begins as in a new process, in this environment alone. */
static NachetOptionsOutcome
read_options(NachetOptions *options, const Words *environment, const Words *arguments)
{
	char **argv = calloc((size_t) arguments->count + 2, sizeof(*argv));
	NachetOptionsOutcome outcome;
	extern char **environ;
	char **before = environ;

	CLAIM(argv != NULL);
	argv[0] = (char *) "nachet-load";
	memcpy(argv + 1, arguments->word, (size_t) arguments->count * sizeof(*argv));
	complaints = 0;
	optind = 0;
	environ = (char **) environment->word;
	outcome = nachet_options_read(options, NULL, arguments->count + 1, argv);
	environ = before;
	CLAIM(complaints == (outcome == NACHET_OPTIONS_WRONG));
	CLAIM(outcome != NACHET_OPTIONS_ANSWERED || options->help || options->version);
	/* The arguments live in argv, which the caller of main owns. */
	options->arguments = argv;
	return outcome;
}

static void
free_options(NachetOptions *options)
{
	char **argv = options->arguments;

	nachet_options_free(options);
	free(argv);
}

static bool
is_whole(const char *text, long least, long most)
{
	char *end;
	long number = strtol(text, &end, 10);

	return end > text && *end == '\0' && *text >= '0' && *text <= '9' && number >= least &&
	       number <= most;
}

static void
check_order(const NachetOptions *options)
{
	static const char number[] = "0123456789.eE+-";

	CLAIM(options->argument_count > 0 && options->zoom != NULL && options->nb_seeds != NULL);
	CLAIM(strspn(options->zoom, number) == strlen(options->zoom) &&
	      strtod(options->zoom, NULL) > 0);
	CLAIM(is_whole(options->nb_seeds, 1, INT32_MAX));
	CLAIM(options->jobs >= 1 && options->jobs <= NACHET_MAX_JOBS);
	CLAIM(options->retries <= 1000 && options->on_error <= NACHET_ON_ERROR_SKIP);
	CLAIM((options->seed != NULL) != options->seed_from_folder);
	CLAIM(options->email != NULL || options->url != NULL);
	CLAIM(options->url == NULL || (options->dbname == NULL && !options->sql));
	CLAIM(options->url != NULL || (options->token_file == NULL && options->cacert == NULL));
	CLAIM(options->token_file == NULL || !nachet_service_url_is_open(options->url));
	CLAIM(!options->from0 || options->files_from != NULL);
	CLAIM(options->files_from == NULL || options->argument_count == 1);
	CLAIM(!options->sql || !(options->dry_run || options->json || options->seed_from_folder));
	for (int i = 0; i < options->choice.include.count; i++)
		CLAIM(nachet_pattern_flaw(options->choice.include.text[i]) == NULL);
}

/* --- the same, written otherwise ---------------------------------------------------------------------- */

/* Every member that is a text, and every flag, with the name that its variable and its option have. */
/* clang-format off */
#define FOR_TEXTS(DO) \
	DO(email, EMAIL) DO(seed, SEED) DO(zoom, ZOOM) DO(nb_seeds, NB_SEEDS) DO(name, NAME) \
	DO(dbname, DBNAME) DO(url, URL) DO(token_file, TOKEN_FILE) DO(cacert, CACERT) \
	DO(files_from, FILES_FROM) DO(report, REPORT)
#define FOR_COUNTS(DO) DO(jobs, JOBS) DO(retries, RETRIES)
#define FOR_FLAGS(DO) \
	DO(from0, FROM0) DO(follow, FOLLOW) DO(seed_from_folder, SEED_FROM_FOLDER) DO(dry_run, DRY_RUN) \
	DO(json, JSON) DO(sql, SQL) DO(quiet, QUIET) DO(verbose, VERBOSE) DO(no_progress, NO_PROGRESS)
/* clang-format on */

static const char *const on_error_words[] = {"stop", "skip"};

/* NB_SEEDS as --nb-seeds. */
static void
add_option(Words *words, const char *variable, const char *value)
{
	char *word;

	add_format(words, "--%s%s%s", variable, value != NULL ? "=" : "", value != NULL ? value : "");
	word = words->word[words->count - 1];
	for (; *word != '\0' && *word != '='; word++)
		*word = *word == '_'                   ? '-'
		        : *word >= 'A' && *word <= 'Z' ? (char) (*word - 'A' + 'a')
		                                       : *word;
}

/* The options as a command line alone, in another order than they came. */
static void
write_arguments(const NachetOptions *options, char *const *folders, Words *words)
{
	char number[32];

#define WRITE(member, variable)                                                                    \
	if (options->member != NULL)                                                                   \
		add_option(words, #variable, options->member);
	FOR_TEXTS(WRITE)
#undef WRITE
#define WRITE(member, variable)                                                                    \
	if (options->member)                                                                           \
		add_option(words, #variable, NULL);
	FOR_FLAGS(WRITE)
#undef WRITE
#define WRITE(member, variable)                                                                    \
	snprintf(number, sizeof(number), "%" PRIu64, options->member);                                 \
	add_option(words, #variable, number);
	FOR_COUNTS(WRITE)
#undef WRITE
	add_option(words, "ON_ERROR", on_error_words[options->on_error]);
	for (int i = 0; i < options->choice.include.count; i++)
		add_option(words, "INCLUDE", options->choice.include.text[i]);
	for (int i = 0; i < options->choice.exclude.count; i++)
		add_option(words, "EXCLUDE", options->choice.exclude.text[i]);
	add_format(words, "--");
	for (int i = 0; i < options->argument_count; i++)
		add_format(words, "%s", folders[i]);
}

static void
write_lines(Words *words, const char *variable, const NachetTexts *texts)
{
	Words joined = {.count = 0};

	add_format(&joined, "%s=", variable);
	for (int i = 0; i < texts->count; i++)
	{
		char *before = joined.word[0];

		joined.count = 0;
		add_format(&joined, "%s\n%s", before, texts->text[i]);
		free(before);
	}
	add(words, joined.word[0]);
}

/* The options as variables alone. */
static void
write_environment(const NachetOptions *options, Words *words)
{
#define WRITE(member, variable)                                                                    \
	if (options->member != NULL)                                                                   \
		add_format(words, "NACHET_" #variable "=%s", options->member);
	FOR_TEXTS(WRITE)
#undef WRITE
#define WRITE(member, variable)                                                                    \
	add_format(words, "NACHET_" #variable "=%s", options->member ? "yes" : "Off");
	FOR_FLAGS(WRITE)
#undef WRITE
#define WRITE(member, variable) add_format(words, "NACHET_" #variable "=%" PRIu64, options->member);
	FOR_COUNTS(WRITE)
#undef WRITE
	add_format(words, "NACHET_ON_ERROR=%s", on_error_words[options->on_error]);
	write_lines(words, "NACHET_INCLUDE", &options->choice.include);
	write_lines(words, "NACHET_EXCLUDE", &options->choice.exclude);
}

/* Nothing is as good as "" in a variable. */
static bool
same_text(const char *one, const char *other)
{
	return strcmp(one != NULL ? one : "", other != NULL ? other : "") == 0;
}

static bool
same_texts(const NachetTexts *one, const NachetTexts *other)
{
	bool same = one->count == other->count;

	for (int i = 0; same && i < one->count; i++)
		same = strcmp(one->text[i], other->text[i]) == 0;
	return same;
}

static void
check_same(const NachetOptions *one, const Words *environment, const Words *arguments)
{
	NachetOptions other;
	bool same = true;

	CLAIM(read_options(&other, environment, arguments) == NACHET_OPTIONS_RUN);
#define COMPARE(member, variable) same = same && same_text(one->member, other.member);
	FOR_TEXTS(COMPARE)
#undef COMPARE
#define COMPARE(member, variable) same = same && one->member == other.member;
	FOR_FLAGS(COMPARE)
#undef COMPARE
	CLAIM(same && one->jobs == other.jobs && one->retries == other.retries &&
	      one->argument_count == other.argument_count && one->on_error == other.on_error);
	CLAIM(same_texts(&one->choice.include, &other.choice.include) &&
	      same_texts(&one->choice.exclude, &other.choice.exclude));
	free_options(&other);
}

/* An environment that says something else of all that the command line says: the line goes before it. */
static void
write_contrary(const NachetOptions *options, Words *words)
{
	if (options->email != NULL)
		add_format(words, "NACHET_EMAIL=other");
	add_format(words, "NACHET_ZOOM=0");
	add_format(words, "NACHET_NB_SEEDS=0");
	add_format(words, "NACHET_JOBS=none");
	add_format(words, "NACHET_ON_ERROR=none");
	add_format(words, options->seed != NULL ? "NACHET_SEED_FROM_FOLDER=1" : "NACHET_SEED=other");
	if (options->url != NULL)
		add_format(words, "NACHET_DBNAME=other");
	else if (options->dbname != NULL || options->sql)
	{
		add_format(words, "NACHET_URL=http://other");
		add_format(words, "NACHET_TOKEN_FILE=other");
		add_format(words, "NACHET_CACERT=other");
	}
	if (options->choice.include.count > 0)
		add_format(words, "NACHET_INCLUDE=other\n*");
}

static bool
has_line_break(const NachetTexts *texts)
{
	bool has = false;

	for (int i = 0; i < texts->count; i++)
		has = has || strchr(texts->text[i], '\n') != NULL;
	return has;
}

static void
check_rewritten(const NachetOptions *options)
{
	/* getopt has moved what is no option to the end. */
	char *const *all = options->arguments;
	int count = 0;
	Words nothing = {.count = 0};
	Words words = {.count = 0};
	Words folders = {.count = 0};
	Words contrary = {.count = 0};

	while (all[count] != NULL)
		count++;
	write_arguments(options, all + count - options->argument_count, &words);
	if (words.count < WORDS)
	{
		/* A connection string with a password may stand in a variable alone. */
		if (options->dbname == NULL || !nachet_conninfo_has_password(options->dbname))
		{
			check_same(options, &nothing, &words);
			write_contrary(options, &contrary);
			check_same(options, &contrary, &words);
			free_words(&contrary);
		}
		add_format(&folders, "--");
		for (int i = 0; i < options->argument_count; i++)
			add_format(&folders, "%s", all[count - options->argument_count + i]);
		free_words(&words);
		words.count = 0;
		write_environment(options, &words);
		if (!has_line_break(&options->choice.include) && !has_line_break(&options->choice.exclude))
			check_same(options, &words, &folders);
		free_words(&folders);
	}
	free_words(&words);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	const uint8_t *end = bytes + size;
	Words environment = {.count = 0};
	Words arguments = {.count = 0};
	NachetOptions options;

	while (at < end && *at != '\0' && environment.count < WORDS)
		add(&environment, fuzz_text(&at, end));
	at += at < end;
	while (at < end && arguments.count < WORDS)
		add(&arguments, fuzz_text(&at, end));
	if (read_options(&options, &environment, &arguments) == NACHET_OPTIONS_RUN)
	{
		check_order(&options);
		check_rewritten(&options);
	}
	free_options(&options);
	free_words(&environment);
	free_words(&arguments);
	return 0;
}
