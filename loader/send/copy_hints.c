/*
 * loader/send/copy_hints.c
 *		What to do about an error of the database that does not say so itself.
 *
 * One table. If a hint needs what only the database knows, such as whose setting was too strict,
 * its question is a SELECT of one text, NULL for no hint. Else, and if the question can't be asked
 * or fails as the import did, its text is the hint.
 */
#include <stdbool.h>
#include <string.h>

#include "loader/send/copy_hints.h"

/* The source that pg_settings gives, in words. */
#define WHOSE                                                                                      \
	"CASE WHEN source OPERATOR(pg_catalog.=) 'user' THEN 'for this role (ALTER ROLE)'"             \
	" WHEN source OPERATOR(pg_catalog.=) 'database' THEN 'for this database (ALTER DATABASE)'"     \
	" WHEN source OPERATOR(pg_catalog.=) 'database user' THEN 'for this role in this database "    \
	"(ALTER ROLE ... IN DATABASE)'"                                                                \
	" WHEN source OPERATOR(pg_catalog.=) 'client' THEN 'by PGOPTIONS or the connection string'"    \
	" ELSE 'by the server' END"

/* The value of a setting that is on, whose it is, and what lifts it. */
#define SETTING(name, lift)                                                                        \
	"SELECT pg_catalog.format('%s is %s, set %s. %s', name, "                                      \
	"pg_catalog.current_setting(name), " WHOSE ", " lift                                           \
	") FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) '" name                       \
	"' AND setting OPERATOR(pg_catalog.<>) ALL ('{0,-1}')"

#define LIFT_FOR_ONE_IMPORT                                                                        \
	"pg_catalog.format('PGOPTIONS=''-c %s=0'' lifts it for one import.', name)"

static const char member_question[] =
    "SELECT CASE WHEN pg_catalog.pg_has_role('nachet_importer', 'USAGE') THEN NULL"
    " WHEN pg_catalog.pg_has_role('nachet_importer', 'MEMBER') THEN pg_catalog.format("
    "'The role %I is a member of nachet_importer and does not inherit its privileges:"
    " let it inherit them, or set PGOPTIONS=''-c role=nachet_importer''.', current_user)"
    " ELSE pg_catalog.format('An administrator gives the role its privileges:"
    " GRANT nachet_importer TO %I;', current_user) END";

static const char version_question[] =
    "SELECT CASE WHEN extversion OPERATOR(pg_catalog.=) '" NACHET_VERSION
    "' THEN NULL ELSE pg_catalog.format("
    "'This is nachet-load " NACHET_VERSION ", and the database has nachet_datastore %s:"
    " ALTER EXTENSION nachet_datastore UPDATE brings it up to date.', extversion) END"
    " FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'nachet_datastore'";

static const struct
{
	const char *sqlstate;
	const char *text;
	const char *question;
} hints[] = {
    {"23502",
     "The triggers of the datastore do not run: session_replication_role is replica (PGOPTIONS, "
     "ALTER ROLE), or they were disabled.",
     NULL},
    {"25006",
     "The server is a standby or the session is read-only: connect to the primary, or give several "
     "hosts and target_session_attrs=read-write; on the primary, check "
     "default_transaction_read_only.",
     NULL},
    {"25P04", "PGOPTIONS='-c transaction_timeout=0' lifts the limit for one import.", NULL},
    {"28000",
     "The role comes from the connection string or PGUSER, or is your user name; pg_hba.conf on "
     "the server sets how it may connect.",
     NULL},
    {"28P01",
     "The password comes from PGPASSWORD, or from ~/.pgpass or the file that PGPASSFILE names.",
     NULL},
    {"3D000", "The database comes from --dbname or PGDATABASE, or has the name of the role.", NULL},
    {"3F000",
     "This database has no datastore: give another one (--dbname, PGDATABASE), or have an "
     "administrator run CREATE EXTENSION nachet_datastore in it.",
     NULL},
    {"42501", NULL, member_question},
    {"42883", NULL, version_question},
    {"42P01", NULL, version_question},
    {"42703", NULL, version_question},
    {"53100",
     "The server's disk is full. Free space, then run the same import again: it sends only what is "
     "not stored yet.",
     NULL},
    {"53400", NULL, SETTING("temp_file_limit", "'An administrator can raise it.'")},
    {"55P03", NULL, SETTING("lock_timeout", LIFT_FOR_ONE_IMPORT)},
    {"57014",
     "Unless someone cancelled the statement, the role, the database or the server has a "
     "statement_timeout.",
     SETTING("statement_timeout", LIFT_FOR_ONE_IMPORT)},
};

/* Sets *answer to the one text that the database answers with, if any. False for no answer. */
static bool
ask_for_hint(PGconn *connection, const char *question, char **answer)
{
	PGresult *result;
	bool asked;

	if (PQstatus(connection) != CONNECTION_OK || PQtransactionStatus(connection) != PQTRANS_IDLE)
		return false;
	result = PQexec(connection, question);
	asked = PQresultStatus(result) == PGRES_TUPLES_OK;
	if (asked && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0))
		*answer = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return asked;
}

char *
nachet_copy_hint(PGconn *connection, const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
	{
		char *hint = NULL;

		if (strcmp(sqlstate, hints[i].sqlstate) != 0)
			continue;
		if (hints[i].question != NULL && ask_for_hint(connection, hints[i].question, &hint))
			return hint;
		return hints[i].text != NULL ? strdup(hints[i].text) : NULL;
	}
	return NULL;
}
