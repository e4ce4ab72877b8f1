/*
 * loader/client/error.c
 *		What went wrong, as PostgreSQL told it, or as the client found it.
 *
 * Filling an error never fails: where no memory is left for the words, a static string stands in, and
 * nachet_error_clear knows it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

static char out_of_memory[] = "out of memory";

/* A copy without trailing newlines and blanks; NULL for NULL and where memory runs out. */
static char *
copy_trimmed(const char *text)
{
	size_t length;

	if (text == NULL)
		return NULL;
	length = strlen(text);
	while (length > 0 && strchr("\r\n\t ", text[length - 1]) != NULL)
		length--;
	return strndup(text, length);
}

static void
set_message(NachetError *error, char *message)
{
	error->set = true;
	error->message = message != NULL ? message : out_of_memory;
}

/* Class 08, and these of others: shut down, crashed, starting up, idle too long, too many connections. */
bool
nachet_sqlstate_unreachable(const char *sqlstate)
{
	return strncmp(sqlstate, "08", 2) == 0 || strcmp(sqlstate, "57P01") == 0 ||
	       strcmp(sqlstate, "57P02") == 0 || strcmp(sqlstate, "57P03") == 0 ||
	       strcmp(sqlstate, "57P05") == 0 || strcmp(sqlstate, "53300") == 0;
}

void
nachet_error_clear(NachetError *error)
{
	if (error->message != out_of_memory)
		free(error->message);
	free(error->detail);
	free(error->hint);
	memset(error, 0, sizeof(*error));
}

void
nachet_error_from_postgres(NachetError *error, const PGconn *connection, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	nachet_error_clear(error);
	if (message == NULL)
		message = PQresultErrorMessage(result);
	if (*message == '\0')
		message = PQerrorMessage(connection);
	if (message == NULL || *message == '\0')
		message = "the database gave no reason";

	set_message(error, copy_trimmed(message));
	if (sqlstate != NULL)
		snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
	error->detail = copy_trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	error->hint = copy_trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	error->unreachable =
	    PQstatus(connection) == CONNECTION_BAD || nachet_sqlstate_unreachable(error->sqlstate);
	/* Serialization failures and deadlocks undo what was well, and leave the connection whole. */
	error->transient = error->unreachable || strcmp(error->sqlstate, "40001") == 0 ||
	                   strcmp(error->sqlstate, "40P01") == 0;
}

void
nachet_error_set(NachetError *error, const char *format, ...)
{
	va_list args;
	char *message = NULL;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	nachet_error_clear(error);
	set_message(error, message);
}
