/*
 * loader/client/option_table.c
 *		A program's options from one table: environment variables, command line and help.
 *
 * Every value takes the same way, apply(), wherever it came from; what is peculiar to the
 * environment or to the command line is done by their readers. Numbers and enums are only noted
 * there, and judged at the end.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loader/client/datastore.h"
#include "loader/client/option_table.h"
#include "loader/client/text.h"

/* getopt's value for a row: beyond any character. */
#define ROW_VALUE(row) (256 + (row))

void
nachet_option_table_complain(const NachetOptionTable *table, const char *format, ...)
{
	char *message;
	const char *words;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	words = message != NULL ? message : "out of memory";
	if (table->tell != NULL)
		table->tell(table->context, words);
	else
		fprintf(stderr, "%s: %s\n", table->program, words);
	free(message);
}

static void *
member_of(const NachetOptionTable *table, const NachetOptionRow *row)
{
	return (char *) table->options + row->offset;
}

static bool
is_repeatable(const NachetOptionRow *row)
{
	return row->kind == NACHET_OPTION_LINES || row->kind == NACHET_OPTION_LIST;
}

bool
nachet_option_table_whole(const char *text, uint64_t *number, char **end)
{
	errno = 0;
	*number = strtoull(text, end, 10);
	return isdigit((unsigned char) *text) && errno == 0;
}

/* A whole number; for a size with a unit of 1,024 each, as in PostgreSQL: B, kB, MB, GB, TB. */
static bool
read_number(const NachetOptionRow *row, const char *value, uint64_t *number)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	char *end;
	uint64_t count;

	if (!nachet_option_table_whole(value, &count, &end))
		return false;
	*number = count;
	if (*end == '\0')
		return true;
	if (row->kind != NACHET_OPTION_SIZE)
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
apply_number(const NachetOptionTable *table, const NachetOptionRow *row, const char *source,
             const char *value)
{
	uint64_t number;

	if (!read_number(row, value, &number))
		nachet_option_table_complain(table,
		                             row->kind == NACHET_OPTION_SIZE
		                                 ? "%s must be a size such as 500kB, 20MB or 4GB, not '%s'"
		                                 : "%s must be a whole number, not '%s'",
		                             source, value);
	else if (number < row->minimum)
		nachet_option_table_complain(table, "%s must be at least %" PRIu64 ", not '%s'", source,
		                             row->minimum, value);
	else if (number > row->maximum)
		nachet_option_table_complain(table, "%s must be at most %" PRIu64 ", not '%s'", source,
		                             row->maximum, value);
	else
	{
		if (row->kind != NACHET_OPTION_NUMERAL)
			*(uint64_t *) member_of(table, row) = number;
		return true;
	}
	return false;
}

/* The row's words as a message lists them: "none, jwt or proxy". */
static void
list_words(const char *words, char *list, size_t size)
{
	const char *last = strrchr(words, '|');
	size_t length = 0;

	for (; *words != '\0' && length + sizeof(" or ") < size; words++)
	{
		if (*words == '|')
			length += (size_t) sprintf(list + length, words == last ? " or " : ", ");
		else
			list[length++] = *words;
	}
	list[length] = '\0';
}

static bool
apply_enum(const NachetOptionTable *table, const NachetOptionRow *row, const char *source,
           const char *value)
{
	const char *word = row->argument;
	size_t length = strlen(value);
	unsigned number = 0;
	char list[64];

	for (;; number++)
	{
		if (length == strcspn(word, "|") && strncmp(word, value, length) == 0)
		{
			*(unsigned *) member_of(table, row) = number;
			return true;
		}
		word += strcspn(word, "|");
		if (*word++ == '\0')
			break;
	}
	list_words(row->argument, list, sizeof(list));
	nachet_option_table_complain(table, "%s must be %s, not '%s'", source, list, value);
	return false;
}

static bool
apply_text(const NachetOptionTable *table, const NachetOptionRow *row, const char *source,
           const char *value)
{
	NachetTexts *texts = member_of(table, row);

	if (row->kind == NACHET_OPTION_LIST &&
	    (*value == '\0' || (uint64_t) texts->count >= row->maximum))
	{
		nachet_option_table_complain(
		    table, *value == '\0' ? "%s must not be empty" : "%s is given too many times", source);
		return false;
	}
	if (!nachet_text_grow(&texts->text, &texts->capacity, (size_t) texts->count + 1,
	                      sizeof(*texts->text)))
	{
		nachet_option_table_complain(table, "out of memory");
		return false;
	}
	texts->text[texts->count++] = value;
	return true;
}

/* Without a value, which is how the command line has it, a flag is on. */
static bool
apply_flag(const NachetOptionTable *table, const NachetOptionRow *row, const char *source,
           const char *value)
{
	static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
	int word = 1;

	if (value != NULL)
	{
		for (word = 0; word < 8 && strcasecmp(value, words[word]) != 0; word++)
			continue;
	}
	if (word == 8)
	{
		nachet_option_table_complain(table, "%s must be 1 or 0, not '%s'", source, value);
		return false;
	}
	*(bool *) member_of(table, row) = word % 2 == 1;
	return true;
}

/* source is what the user wrote the value for: --option, or a variable's name. */
static bool
apply(NachetOptionTable *table, const NachetOptionRow *row, const char *source, const char *value)
{
	switch (row->kind)
	{
		case NACHET_OPTION_TEXT:
		case NACHET_OPTION_CONNINFO:
			*(const char **) member_of(table, row) = value;
			return true;
		case NACHET_OPTION_LINES:
		case NACHET_OPTION_LIST:
			return apply_text(table, row, source, value);
		case NACHET_OPTION_NUMERAL:
			*(const char **) member_of(table, row) = value;
			/* fall through */
		case NACHET_OPTION_COUNT:
		case NACHET_OPTION_SIZE:
		case NACHET_OPTION_ENUM:
			table->given[row - table->rows] = value;
			table->on_line[row - table->rows] = strncmp(source, "--", 2) == 0;
			return true;
		case NACHET_OPTION_FLAG:
			return apply_flag(table, row, source, value);
	}
	return false;
}

/* A variable's texts, of which a copy is kept; empty ones say nothing. */
static bool
apply_variable_texts(NachetOptionTable *table, const NachetOptionRow *row, const char *value)
{
	const char *separators = row->kind == NACHET_OPTION_LINES ? "\n" : ", ";
	NachetTexts *texts = member_of(table, row);
	char *rest;

	texts->copy = strdup(value);
	if (texts->copy == NULL)
	{
		nachet_option_table_complain(table, "out of memory");
		return false;
	}
	for (char *text = strtok_r(texts->copy, separators, &rest); text != NULL;
	     text = strtok_r(NULL, separators, &rest))
	{
		if (!apply(table, row, row->variable, text))
			return false;
	}
	return true;
}

bool
nachet_option_table_read_environment(NachetOptionTable *table)
{
	for (int i = 0; i < table->row_count; i++)
	{
		const NachetOptionRow *row = &table->rows[i];
		const char *value = row->variable != NULL ? getenv(row->variable) : NULL;

		if (value == NULL || *value == '\0')
			value = row->default_value;
		if (value != NULL && !(is_repeatable(row) ? apply_variable_texts(table, row, value)
		                                          : apply(table, row, row->variable, value)))
			return false;
	}
	return true;
}

static bool
apply_argument(NachetOptionTable *table, const NachetOptionRow *row, const char *value)
{
	char source[64];

	snprintf(source, sizeof(source), "--%s", row->name);
	if (row->kind == NACHET_OPTION_CONNINFO && nachet_conninfo_has_password(value))
	{
		nachet_option_table_complain(
		    table,
		    "%s contains a password, which everyone could read in the process list: use "
		    "PGPASSFILE, a service file or PGPASSWORD instead",
		    source);
		return false;
	}
	if (row->kind == NACHET_OPTION_LINES)
	{
		NachetTexts *texts = member_of(table, row);

		if (texts->copy != NULL)
			texts->count = 0;
		free(texts->copy);
		texts->copy = NULL;
	}
	return apply(table, row, source, value);
}

/* The row of a value of getopt's; NULL, which has been told, if there is none. */
static const NachetOptionRow *
find_row(const NachetOptionTable *table, int value, const char *word)
{
	for (int i = 0; i < table->row_count && value != '?' && value != ':'; i++)
	{
		if (value == ROW_VALUE(i) || value == table->rows[i].letter)
			return &table->rows[i];
	}
	if (value == ':')
		nachet_option_table_complain(table, "option '%s' requires a value (see %s --help)", word,
		                             table->program);
	else if (optopt > 0 && optopt < ROW_VALUE(0))
		nachet_option_table_complain(table, "unknown option '-%c' (see %s --help)", optopt,
		                             table->program);
	else
		nachet_option_table_complain(
		    table, "unknown or ambiguous option '%s', or it does not take a value (see %s --help)",
		    word, table->program);
	return NULL;
}

bool
nachet_option_table_read_command_line(NachetOptionTable *table, int argc, char **argv)
{
	struct option longs[NACHET_OPTION_ROWS_MAX + 1];
	char shorts[2 * NACHET_OPTION_ROWS_MAX + 2] = ":";
	size_t length = 1;
	int value;

	memset(longs, 0, sizeof(longs));
	for (int i = 0; i < table->row_count; i++)
	{
		const NachetOptionRow *row = &table->rows[i];
		bool flag = row->kind == NACHET_OPTION_FLAG;

		longs[i].name = row->name;
		longs[i].has_arg = flag ? no_argument : required_argument;
		longs[i].val = ROW_VALUE(i);
		if (row->letter != 0)
			shorts[length++] = row->letter;
		if (row->letter != 0 && !flag)
			shorts[length++] = ':';
	}
	shorts[length] = '\0';

	opterr = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
	{
		const NachetOptionRow *row = find_row(table, value, argv[optind - 1]);

		if (row == NULL || !apply_argument(table, row, optarg))
			return false;
	}
	return true;
}

bool
nachet_option_table_settle(const NachetOptionTable *table)
{
	for (int i = 0; i < table->row_count; i++)
	{
		const NachetOptionRow *row = &table->rows[i];
		char option[64];
		const char *source = table->on_line[i] ? option : row->variable;

		if (table->given[i] == NULL)
			continue;
		snprintf(option, sizeof(option), "--%s", row->name);
		if (!(row->kind == NACHET_OPTION_ENUM ? apply_enum(table, row, source, table->given[i])
		                                      : apply_number(table, row, source, table->given[i])))
			return false;
	}
	return true;
}

static void
print_row(const NachetOptionRow *row)
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
		if (last && row->default_value != NULL)
			printf(" (default: %s)", row->default_value);
		putchar('\n');
		line = last ? NULL : end + 1;
	}
}

void
nachet_option_table_print(const NachetOptionTable *table)
{
	for (int i = 0; i < table->row_count; i++)
		print_row(&table->rows[i]);
}

void
nachet_option_table_free(const NachetOptionTable *table)
{
	for (int i = 0; i < table->row_count; i++)
	{
		NachetTexts *texts = member_of(table, &table->rows[i]);

		if (!is_repeatable(&table->rows[i]))
			continue;
		free(texts->text);
		free(texts->copy);
	}
}
