/*
 * http/options.c
 *		nachet-http's options, from the environment and then from the command line.
 *
 * One table holds every option: its names, its default, its bounds and its help. Every value takes the same
 * way, apply(), wherever it came from.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/datastore.h"
#include "options.h"

#define SEE_HELP  "(see nachet-http --help)"
#define NO_LIMIT  UINT64_MAX
#define NO_CHOICE 0

typedef enum OptionKind
{
	OPTION_TEXT,  /* const char * */
	OPTION_LIST,  /* NachetList; parted by commas in the environment */
	OPTION_COUNT, /* uint64_t */
	OPTION_SIZE,  /* uint64_t, bytes */
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
	const char *standard; /* the value where none is given; NULL for none */
	uint64_t least;
	uint64_t most;
	const char *help;
} OptionRow;

#define MEMBER(member) offsetof(NachetHttpOptions, member)

static const OptionRow table[] = {
    {"listen", 'l', "NACHET_HTTP_LISTEN", "ADDRESS:PORT", OPTION_TEXT, MEMBER(listen),
     "127.0.0.1:8080", NO_CHOICE, NO_CHOICE,
     "where to listen; a loopback address, as long as there is no\nauthentication; port 0 takes a "
     "free one"},
    {"dbname", 'd', "NACHET_DBNAME", "CONNINFO", OPTION_TEXT, MEMBER(dbname), NULL, NO_CHOICE,
     NO_CHOICE,
     "database: a name, connection string or URI, without a password\n(default: libpq's PGHOST, "
     "PGDATABASE, PGSERVICE, ...)"},
    {"auth", 0, "NACHET_HTTP_AUTH", "none", OPTION_TEXT, MEMBER(auth), "none", NO_CHOICE, NO_CHOICE,
     "how clients are authenticated"},
    {"server-name", 0, "NACHET_HTTP_SERVER_NAME", "NAME", OPTION_LIST, MEMBER(server_names), NULL,
     NO_CHOICE, NO_CHOICE,
     "a name that the Host header may hold beside localhost, 127.0.0.1\nand [::1]; may be "
     "repeated"},
    {"allow-origin", 0, "NACHET_HTTP_ALLOW_ORIGIN", "ORIGIN", OPTION_LIST, MEMBER(allow_origins),
     NULL, NO_CHOICE, NO_CHOICE,
     "an origin (https://nachet.example.org) whose pages may send requests\nbeside the service's "
     "own; may be repeated"},
    {"max-picture-size", 0, "NACHET_HTTP_MAX_PICTURE_SIZE", "SIZE", OPTION_SIZE,
     MEMBER(max_picture_size), "4GB", 1, NO_LIMIT, "bytes of one picture"},
    {"max-request-size", 0, "NACHET_HTTP_MAX_REQUEST_SIZE", "SIZE", OPTION_SIZE,
     MEMBER(max_request_size), "64GB", 1, NO_LIMIT, "bytes of one request's body"},
    {"max-pictures", 0, "NACHET_HTTP_MAX_PICTURES", "N", OPTION_COUNT, MEMBER(max_pictures),
     "250000", 1, 1000000, "pictures of one request"},
    {"max-discard-size", 0, "NACHET_HTTP_MAX_DISCARD_SIZE", "SIZE", OPTION_SIZE,
     MEMBER(max_discard_size), "256MB", 0, NO_LIMIT,
     "bytes of a refused body that are still read, so that the client\ngets its answer"},
    {"max-connections", 0, "NACHET_HTTP_MAX_CONNECTIONS", "N", OPTION_COUNT,
     MEMBER(max_connections), "256", 1, 100000, "clients at a time; more are told 503"},
    {"pool", 0, "NACHET_HTTP_POOL", "N", OPTION_COUNT, MEMBER(pool), "4", 2, 1000,
     "database connections"},
    {"senders", 0, "NACHET_HTTP_SENDERS", "N", OPTION_COUNT, MEMBER(senders), "2", 1, 999,
     "how many of them may send pictures at a time"},
    {"pool-wait", 0, "NACHET_HTTP_POOL_WAIT", "SECONDS", OPTION_COUNT, MEMBER(pool_wait), "10", 1,
     3600, "how long a request waits for a connection before it is told 503"},
    {"spool-dir", 0, "NACHET_HTTP_SPOOL_DIR", "DIR", OPTION_TEXT, MEMBER(spool_dir), NULL,
     NO_CHOICE, NO_CHOICE,
     "where pictures wait that do not fit in memory\n(default: $TMPDIR, or /tmp)"},
    {"spool-memory", 0, "NACHET_HTTP_SPOOL_MEMORY", "SIZE", OPTION_SIZE, MEMBER(spool_memory),
     "128MB", 1024 * 1024, UINT64_C(1) << 40, "memory for waiting pictures, of all requests"},
    {"idle-timeout", 0, "NACHET_HTTP_IDLE_TIMEOUT", "SECONDS", OPTION_COUNT, MEMBER(idle_timeout),
     "60", 1, 86400, "drops a client that sends and takes nothing for so long"},
    {"drain-timeout", 0, "NACHET_HTTP_DRAIN_TIMEOUT", "SECONDS", OPTION_COUNT,
     MEMBER(drain_timeout), "30", 0, 86400,
     "how long requests under way may take to end after SIGTERM"},
    {"help", 'h', NULL, NULL, OPTION_FLAG, MEMBER(help), NULL, NO_CHOICE, NO_CHOICE,
     "show this help and exit"},
    {"version", 'V', NULL, NULL, OPTION_FLAG, MEMBER(version), NULL, NO_CHOICE, NO_CHOICE,
     "show the version and exit"},
};

#define TABLE_ROWS ((int) (sizeof(table) / sizeof(table[0])))

/* getopt's value for a row: beyond any character. */
#define ROW_VALUE(row) (256 + (row))

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
complain(const char *format, ...)
{
	va_list args;

	fputs("nachet-http: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void *
member_of(NachetHttpOptions *options, const OptionRow *row)
{
	return (char *) options + row->offset;
}

/* A whole number, with a unit where the row is a size: B, kB, MB, GB, TB, of 1,024 each, as in PostgreSQL. */
static bool
read_number(const OptionRow *row, const char *value, uint64_t *number)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	char *end;
	unsigned long long count;

	errno = 0;
	count = strtoull(value, &end, 10);
	if (!isdigit((unsigned char) *value) || errno != 0)
		return false;
	*number = count;
	if (*end == '\0')
		return true;
	if (row->kind != OPTION_SIZE)
		return false;
	end += strspn(end, " ");
	for (int unit = 0; unit < 5; unit++)
	{
		if (strcmp(end, units[unit]) != 0)
			continue;
		*number = count << (10 * unit);
		return *number >> (10 * unit) == count;
	}
	return false;
}

static bool
apply_number(NachetHttpOptions *options, const OptionRow *row, const char *source,
             const char *value)
{
	uint64_t number;

	if (!read_number(row, value, &number))
		complain(row->kind == OPTION_SIZE ? "%s must be a size such as 500kB, 20MB or 4GB, not '%s'"
		                                  : "%s must be a whole number, not '%s'",
		         source, value);
	else if (number < row->least)
		complain("%s must be at least %" PRIu64 ", not '%s'", source, row->least, value);
	else if (number > row->most)
		complain("%s must be at most %" PRIu64 ", not '%s'", source, row->most, value);
	else
	{
		*(uint64_t *) member_of(options, row) = number;
		return true;
	}
	return false;
}

static bool
apply_item(NachetHttpOptions *options, const OptionRow *row, const char *source, const char *value)
{
	NachetList *list = member_of(options, row);

	if (list->count == NACHET_LIST_MAX || *value == '\0')
	{
		complain(*value == '\0' ? "%s must not be empty" : "%s is given too often", source);
		return false;
	}
	list->item[list->count++] = value;
	return true;
}

/* source is what the user wrote the value for: --option, or a variable's name. */
static bool
apply(NachetHttpOptions *options, const OptionRow *row, const char *source, const char *value)
{
	switch (row->kind)
	{
		case OPTION_TEXT:
			*(const char **) member_of(options, row) = value;
			return true;
		case OPTION_LIST:
			return apply_item(options, row, source, value);
		case OPTION_COUNT:
		case OPTION_SIZE:
			return apply_number(options, row, source, value);
		case OPTION_FLAG:
			*(bool *) member_of(options, row) = true;
			return true;
	}
	return false;
}

static bool
read_environment(NachetHttpOptions *options)
{
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		const OptionRow *row = &table[i];
		char *value = row->variable != NULL ? getenv(row->variable) : NULL;

		if (value == NULL || *value == '\0')
			continue;
		if (row->kind != OPTION_LIST)
		{
			if (!apply(options, row, row->variable, value))
				return false;
			continue;
		}
		value = strdup(value); /* lives as long as the process, as the environment does */
		for (char *item = value != NULL ? strtok(value, ", ") : NULL; item != NULL;
		     item = strtok(NULL, ", "))
		{
			if (!apply(options, row, row->variable, item))
				return false;
		}
	}
	return true;
}

static const OptionRow *
find_row(int value)
{
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		if (value == ROW_VALUE(i) || (value == table[i].letter && value != 0))
			return &table[i];
	}
	return NULL;
}

static bool
apply_argument(NachetHttpOptions *options, const OptionRow *row, const char *value)
{
	char source[64];

	snprintf(source, sizeof(source), "--%s", row->name);
	if (row->offset == MEMBER(dbname) && nachet_conninfo_has_password(value))
	{
		complain("--dbname holds a password, which everyone could read in the process list: "
		         "use PGPASSFILE, a service file or PGPASSWORD instead");
		return false;
	}
	return apply(options, row, source, value);
}

static bool
read_command_line(NachetHttpOptions *options, int argc, char **argv)
{
	struct option longs[TABLE_ROWS + 1];
	char shorts[2 * TABLE_ROWS + 2] = ":";
	size_t length = 1;
	int value;

	memset(longs, 0, sizeof(longs));
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].kind == OPTION_FLAG ? no_argument : required_argument;
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
		const OptionRow *row = value != '?' && value != ':' ? find_row(value) : NULL;

		if (value == ':')
			complain("option '%s' needs a value " SEE_HELP, argv[optind - 1]);
		else if (row == NULL && optopt > 0 && optopt < 256)
			complain("there is no option '-%c' " SEE_HELP, optopt);
		else if (row == NULL)
			complain("'%s' is no option, or not one alone, or takes no value " SEE_HELP,
			         argv[optind - 1]);
		if (row == NULL || !apply_argument(options, row, optarg))
			return false;
	}
	if (optind < argc)
	{
		complain("'%s' is no option, and nothing else is taken " SEE_HELP, argv[optind]);
		return false;
	}
	return true;
}

static void
print_row(const OptionRow *row)
{
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
		bool last = *end == '\0';

		printf("        %.*s", (int) (end - line), line);
		if (last && row->standard != NULL)
			printf(" (default: %s)", row->standard);
		putchar('\n');
		line = last ? NULL : end + 1;
	}
}

static void
print_help(void)
{
	fputs("nachet-http serves the two routes of a Nachet upload session over HTTP:\n"
	      "POST /picture-form and POST /batch-import.\n\n"
	      "Usage: nachet-http [OPTION]...\n\n"
	      "Options, and the environment variables that set them too:\n",
	      stdout);
	for (int i = 0; i < TABLE_ROWS; i++)
		print_row(&table[i]);
	fputs(
	    "\nSizes are in bytes, or in kB, MB, GB or TB of 1,024 each.\n"
	    "SIGTERM and SIGINT let requests under way end, then stop the service; a second one stops "
	    "it at once.\n"
	    "Exit status: 0 stopped with nothing left under way; 1 failed; 2 wrong usage.\n\n"
	    "Example:\n"
	    "  nachet-http --dbname='service=nachet' --listen=127.0.0.1:8080\n",
	    stdout);
}

static bool
check_values(const NachetHttpOptions *options)
{
	if (strcmp(options->auth, "none") != 0)
		complain("--auth must be none, not '%s'", options->auth);
	else if (options->senders >= options->pool)
		complain("--pool must be above --senders: a request needs a connection of its own to end");
	else
		return true;
	return false;
}

NachetOptionsOutcome
nachet_options_read(NachetHttpOptions *options, int argc, char **argv)
{
	const char *folder = getenv("TMPDIR");

	memset(options, 0, sizeof(*options));
	options->spool_dir = folder != NULL && *folder != '\0' ? folder : "/tmp";
	for (int i = 0; i < TABLE_ROWS; i++)
	{
		if (table[i].standard != NULL &&
		    !apply(options, &table[i], table[i].name, table[i].standard))
			return NACHET_OPTIONS_WRONG;
	}
	if (!read_environment(options) || !read_command_line(options, argc, argv))
		return NACHET_OPTIONS_WRONG;
	if (options->help)
		print_help();
	else if (options->version)
		puts("nachet-http " NACHET_VERSION);
	else
		return check_values(options) ? NACHET_OPTIONS_RUN : NACHET_OPTIONS_WRONG;
	return NACHET_OPTIONS_ANSWERED;
}
