/*
 * loader/client/error.c
 *		What went wrong, as PostgreSQL told it, or as the client found it.
 *
 * Filling an error never fails: if no memory is left for the words, a static string stands in, and
 * nachet_error_clear knows it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/error.h"

static char out_of_memory[] = "out of memory";

/* A copy without trailing newlines and blanks; NULL for NULL and if memory runs out. */
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

/* What a SQLSTATE says about doing the same again. */
typedef struct Meaning
{
	const char *sqlstate; /* or its beginning */
	bool unreachable;
	bool transient;
} Meaning;

/*
 * The first that matches; one that is not here is for good. That holds for 57014, since the same
 * statement runs into statement_timeout again, and an administrator who cancels means it; for
 * 25006, since a connection to a standby stays one; and for classes 58 and XX, which need
 * somebody's eyes.
 */
static const Meaning meanings[] = {
    {"08", true, true},      /* lost, or a pooler that has none to give */
    {"57P01", true, true},   /* the server shuts down */
    {"57P02", true, true},   /* another session crashed it */
    {"57P03", true, true},   /* it starts up */
    {"57P05", true, true},   /* idle for too long: a new session is not */
    {"53300", true, true},   /* too many connections: others end */
    {"53400", false, false}, /* a configured limit, which the same work exceeds again */
    {"53", false, true},     /* disk or memory is short: others give it back */
    {"25P04", false, false}, /* transaction_timeout: the same work takes as long again */
    {"40001", false, true},  /* serialization failure */
    {"40P01", false, true},  /* deadlock */
    {"55P03", false, true},  /* lock_timeout: others were in the way, as with these two */
};

static const Meaning *
find_meaning(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
	{
		if (strncmp(sqlstate, meanings[i].sqlstate, strlen(meanings[i].sqlstate)) == 0)
			return &meanings[i];
	}
	return NULL;
}

void
nachet_error_judge(NachetError *error, bool lost)
{
	const Meaning *meaning = find_meaning(error->sqlstate);

	error->unreachable = meaning != NULL ? meaning->unreachable : lost;
	error->transient = meaning != NULL ? meaning->transient : lost;
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
	nachet_error_judge(error, PQstatus(connection) == CONNECTION_BAD);
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
