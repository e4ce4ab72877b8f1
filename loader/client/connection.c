/*
 * loader/client/connection.c
 *		Connections to the database, as libpq's parameters and environment name it.
 *
 * libpq shows the SQLSTATE of a refused login only in the message of a connection that is verbose,
 * and a connection can be made so only between its start and its end: hence the polling. A second
 * login that asks for the SQLSTATE would count as another wrong password. Of several hosts, one
 * that is silent is passed over by libpq's own connecting, which polling can't do, so that is used
 * then.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/clock.h"
#include "loader/client/connection.h"

#define CONNECT_PARAMETERS 8

typedef struct Parameters
{
	const char *keywords[CONNECT_PARAMETERS];
	const char *values[CONNECT_PARAMETERS];
	int count;
} Parameters;

static void
add_parameter(Parameters *parameters, const char *keyword, const char *value)
{
	parameters->keywords[parameters->count] = keyword;
	parameters->values[parameters->count++] = value;
}

/* A later entry wins: the caller's conninfo over our defaults, our encoding over it. */
static void
fill_parameters(Parameters *parameters, const char *conninfo, const char *application_name)
{
	parameters->count = 0;
	add_parameter(parameters, "fallback_application_name", application_name);
	add_parameter(parameters, "keepalives_idle", "30");
	add_parameter(parameters, "tcp_user_timeout", "60000");
	if (getenv("PGCONNECT_TIMEOUT") == NULL)
		add_parameter(parameters, "connect_timeout", "20");
	if (conninfo != NULL)
		add_parameter(parameters, "dbname", conninfo);
	add_parameter(parameters, "client_encoding", "UTF8");
	add_parameter(parameters, NULL, NULL);
}

/* What libpq makes of the parameters that it leaves to whoever polls a connection. */
typedef struct Patience
{
	int seconds; /* for each host; 0 for ever */
	bool several_hosts;
} Patience;

static Patience
read_patience(PGconn *connection)
{
	PQconninfoOption *options = PQconninfo(connection);
	Patience patience = {0, false};

	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
	{
		const char *value = option->val != NULL ? option->val : "";

		if (strcmp(option->keyword, "connect_timeout") == 0)
			patience.seconds = atoi(value);
		else if (strncmp(option->keyword, "host", 4) == 0 && strchr(value, ',') != NULL)
			patience.several_hosts = true;
	}
	PQconninfoFree(options);
	if (patience.seconds < 0)
		patience.seconds = 0;
	return patience;
}

/* Waits until the socket is ready for what PQconnectPoll wants; false after the limit. */
static bool
wait_until(PGconn *connection, PostgresPollingStatusType wanted, bool limited, int64_t limit)
{
	struct pollfd ready = {PQsocket(connection), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT,
	                       0};
	int got;

	do
	{
		int64_t left = limit - nachet_clock_ms();

		got = poll(&ready, 1, limited ? (int) (left > 0 ? left : 0) : -1);
	} while (got < 0 && errno == EINTR);
	return got != 0;
}

/* The host and address that are being tried. */
static void
name_place(PGconn *connection, char *place, size_t size)
{
	const char *host = PQhost(connection);
	const char *address = PQhostaddr(connection);
	const char *port = PQport(connection);

	snprintf(place, size, "%s %s %s", host != NULL ? host : "", address != NULL ? address : "",
	         port != NULL ? port : "");
}

/* Completes a connection that PQconnectStart began; false if a host has taken too long. */
static bool
poll_connection(PGconn *connection, const Patience *patience)
{
	PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
	char place[512] = "";
	int64_t limit = 0;

	while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING)
	{
		char now[sizeof(place)];

		name_place(connection, now, sizeof(now));
		if (limit == 0 || strcmp(place, now) != 0)
		{
			memcpy(place, now, sizeof(place));
			limit = nachet_clock_ms() + (int64_t) patience->seconds * 1000;
		}
		if (!wait_until(connection, wanted, patience->seconds > 0, limit))
			return false;
		wanted = PQconnectPoll(connection);
	}
	return true;
}

/* The SQLSTATE of a line of a verbose message, as in "... FATAL:  57P03: ..."; NULL for none. */
static char *
find_sqlstate(char *line)
{
	char *at = strstr(line, ":  ");

	if (at == NULL || strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 ||
	    strncmp(at + 8, ": ", 2) != 0)
		return NULL;
	return at + 3;
}

/* Makes a verbose message an ordinary one: takes out the SQLSTATE and the place in the source. */
static void
read_verbose_message(char *message, char sqlstate[6])
{
	char *out = message;
	char *rest = message;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL)
	{
		char *code = find_sqlstate(line);

		if (strncmp(line, "LOCATION:  ", 11) == 0)
			continue;
		if (code != NULL)
		{
			memcpy(sqlstate, code, 5);
			sqlstate[5] = '\0';
			memmove(code, code + 7, strlen(code + 7) + 1);
		}
		if (out > message)
			*out++ = '\n';
		memmove(out, line, strlen(line) + 1);
		out += strlen(out);
	}
}

/* Why a connection could not be made. */
static void
fill_connect_error(NachetError *error, PGconn *connection, const Patience *patience, bool in_time)
{
	nachet_error_from_postgres(error, connection, NULL);
	if (!in_time)
	{
		nachet_error_set(error, "server \"%s\" has not answered for %d s", PQhost(connection),
		                 patience->seconds);
	}
	read_verbose_message(error->message, error->sqlstate);
	nachet_error_judge(error, error->sqlstate[0] == '\0');
	error->unreachable = true;
	if (PQconnectionNeedsPassword(connection))
	{
		error->transient = false;
		error->hint =
		    strdup("Put the password into ~/.pgpass, or into the file that PGPASSFILE names.");
	}
}

static void
ignore_notice(void *context, const PGresult *result)
{
	(void) context;
	(void) result;
}

PGconn *
nachet_connection_open(const char *conninfo, const char *application_name, NachetError *error)
{
	Parameters parameters;
	Patience patience;
	PGconn *connection;
	bool in_time;

	fill_parameters(&parameters, conninfo, application_name);
	connection = PQconnectStartParams(parameters.keywords, parameters.values, 1);
	patience = read_patience(connection);
	(void) PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	in_time = PQstatus(connection) == CONNECTION_BAD || poll_connection(connection, &patience);
	if (!in_time && patience.several_hosts)
	{
		PQfinish(connection);
		connection = PQconnectdbParams(parameters.keywords, parameters.values, 1);
		in_time = true;
	}
	if (connection == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	if (PQstatus(connection) != CONNECTION_OK)
	{
		fill_connect_error(error, connection, &patience, in_time);
		PQfinish(connection);
		return NULL;
	}
	(void) PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}
