/*
 * loader/client/option_table.h
 *		A program's options from one table: environment variables, command line and help.
 *
 * A program keeps its options in a struct of its own, and says with a constant table where each of
 * them goes. It reads the environment first, then the command line, which goes before it.
 */
#ifndef NACHET_CLIENT_OPTION_TABLE_H
#define NACHET_CLIENT_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACHET_OPTION_ROWS_MAX 64

/* What an option that may be repeated was given; text and copy are freed with the table. */
typedef struct NachetTexts
{
	const char **text;
	int count;
	size_t capacity;
	char *copy; /* of the variable, cut in texts; NULL if none of them is the environment's */
} NachetTexts;

typedef enum NachetOptionKind
{
	NACHET_OPTION_TEXT,     /* const char * */
	NACHET_OPTION_CONNINFO, /* const char *; on the command line without a password */

	/* NachetTexts: one a line in the variable, which the command line replaces. */
	NACHET_OPTION_LINES,

	/*
	 * NachetTexts, none empty, as many as maximum: parted by commas or blanks in the variable, to
	 * which the command line adds.
	 */
	NACHET_OPTION_LIST,

	NACHET_OPTION_COUNT,   /* uint64_t, from minimum to maximum */
	NACHET_OPTION_SIZE,    /* uint64_t, bytes, from minimum to maximum */
	NACHET_OPTION_NUMERAL, /* const char *, which COUNT would take: kept as it was given */
	NACHET_OPTION_ENUM,    /* an enum that begins at 0: the words of argument, in this order */
	NACHET_OPTION_FLAG     /* bool; in the variable 1, yes, true, on or 0, no, false, off */
} NachetOptionKind;

typedef struct NachetOptionRow
{
	const char *name;
	char letter;          /* 0 if there is none */
	const char *variable; /* NULL if there is none */
	const char *argument; /* how the help calls it; NULL for a flag, "word|word" for an ENUM */
	NachetOptionKind kind;
	size_t offset;             /* into the program's options */
	const char *default_value; /* NULL for none */
	uint64_t minimum;
	uint64_t maximum;
	const char *help; /* lines */
} NachetOptionRow;

typedef struct NachetOptionTable
{
	const char *program;
	const NachetOptionRow *rows;
	int row_count; /* at most NACHET_OPTION_ROWS_MAX */
	void *options; /* the program's, which start as zeros */
	/* Is told what is wrong, once; NULL: standard error is, after the program's name. */
	void (*tell)(void *context, const char *message);
	void *context;

	/* Zeros at first: the values of numbers and enums, which are judged once all are read. */
	const char *given[NACHET_OPTION_ROWS_MAX];
	bool on_line[NACHET_OPTION_ROWS_MAX]; /* it is the command line's */
} NachetOptionTable;

typedef enum NachetOptionsOutcome
{
	NACHET_OPTIONS_RUN,
	NACHET_OPTIONS_ANSWERED, /* --help or --version, written to standard output */
	NACHET_OPTIONS_WRONG     /* said so */
} NachetOptionsOutcome;

/*
 * The variables' values, or the defaults if a variable is empty or not set. False if one is wrong,
 * which has been told. Strings stay the table's, the environment's and argv's.
 */
extern bool nachet_option_table_read_environment(NachetOptionTable *table)
    __attribute__((warn_unused_result));

/* Leaves what is no option at argv + optind, as getopt does. */
extern bool nachet_option_table_read_command_line(NachetOptionTable *table, int argc, char **argv)
    __attribute__((warn_unused_result));

/*
 * Numbers and enums: what was given last, so that a wrong variable does no harm beside an option,
 * and neither does beside --help. False if one is wrong, which has been told.
 */
extern bool nachet_option_table_settle(const NachetOptionTable *table)
    __attribute__((warn_unused_result));

/* The help's lines on each option, to standard output. */
extern void nachet_option_table_print(const NachetOptionTable *table);
extern void nachet_option_table_free(const NachetOptionTable *table);

/* Tells in the table's way what is wrong. */
extern void nachet_option_table_complain(const NachetOptionTable *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole number with nothing before it; *end is set to what follows. False for anything else. */
extern bool nachet_option_table_whole(const char *text, uint64_t *number, char **end)
    __attribute__((warn_unused_result));

#endif
