/*
 * loader/client/datastore.c
 *		The datastore's SQL functions as C calls over libpq.
 *
 * A result belongs to the function that asked for it and is cleared before that returns.
 */
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "array.h"
#include "datastore.h"

static void
ignore_notice(void *context, const PGresult *result)
{
	(void) context;
	(void) result;
}

PGconn *
nachet_datastore_connect(const char *conninfo, const char *application_name, NachetError *error)
{
	/* A later entry of the two lists wins: the caller's conninfo over our defaults, our encoding over it. */
	const char *keywords[8];
	const char *values[8];
	PGconn *connection;
	int count = 0;

	keywords[count] = "fallback_application_name";
	values[count++] = application_name;
	keywords[count] = "keepalives_idle";
	values[count++] = "30";
	keywords[count] = "tcp_user_timeout";
	values[count++] = "60000";
	if (getenv("PGCONNECT_TIMEOUT") == NULL)
	{
		keywords[count] = "connect_timeout";
		values[count++] = "20";
	}
	if (conninfo != NULL)
	{
		keywords[count] = "dbname";
		values[count++] = conninfo;
	}
	keywords[count] = "client_encoding";
	values[count++] = "UTF8";
	keywords[count] = NULL;
	values[count] = NULL;

	connection = PQconnectdbParams(keywords, values, 1);
	if (connection == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	if (PQstatus(connection) != CONNECTION_OK)
	{
		nachet_error_from_postgres(error, connection, NULL);
		PQfinish(connection);
		return NULL;
	}
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}

bool
nachet_conninfo_has_password(const char *conninfo)
{
	PQconninfoOption *options;
	bool found = false;

	if (conninfo == NULL)
		return false;
	options = PQconninfoParse(conninfo, NULL);
	if (options == NULL)
		return false; /* a plain database name, or nothing that could be connected with */
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		if (option->val != NULL && (strcmp(option->keyword, "password") == 0 ||
		                            strcmp(option->keyword, "sslpassword") == 0))
			found = true;
	}
	PQconninfoFree(options);
	return found;
}

int
nachet_datastore_chunk_size(PGconn *connection, NachetError *error)
{
	PGresult *result = PQexec(connection, "SELECT nachet.chunk_size()");
	int chunk_size = 0;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, connection, result);
	else
	{
		chunk_size = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
		if (chunk_size <= 0 || chunk_size > 1024 * 1024)
		{
			nachet_error_set(error, "nachet.chunk_size() gave %d", chunk_size);
			chunk_size = 0;
		}
	}
	PQclear(result);
	return chunk_size;
}

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, NACHET_SHA256_BYTES);
}

/* Marks those of digests that stand in the result, one bytea a row, in any order. */
static bool
mark_missing(const PGresult *result, const unsigned char (*digests)[NACHET_SHA256_BYTES],
             size_t count, bool *missing)
{
	size_t rows = (size_t) PQntuples(result);
	unsigned char(*found)[NACHET_SHA256_BYTES] = NULL;

	memset(missing, 0, count * sizeof(*missing));
	if (rows == 0)
		return true;
	found = malloc(rows * sizeof(*found));
	if (found == NULL)
		return false;
	for (size_t i = 0; i < rows; i++)
	{
		if (PQgetlength(result, (int) i, 0) != NACHET_SHA256_BYTES)
		{
			free(found);
			return false;
		}
		memcpy(found[i], PQgetvalue(result, (int) i, 0), NACHET_SHA256_BYTES);
	}
	qsort(found, rows, sizeof(*found), compare_digests);
	for (size_t i = 0; i < count; i++)
		missing[i] = bsearch(digests[i], found, rows, sizeof(*found), compare_digests) != NULL;
	free(found);
	return true;
}

bool
nachet_datastore_missing(PGconn *connection, const unsigned char (*digests)[NACHET_SHA256_BYTES],
                         size_t count, bool *missing, NachetError *error)
{
	const Oid types[1] = {NACHET_BYTEA_ARRAY_OID};
	const int formats[1] = {1};
	const char *values[1];
	int lengths[1];
	NachetArray array;
	PGresult *result = NULL;
	bool done = false;

	nachet_array_init(&array, NACHET_BYTEA_OID);
	for (size_t i = 0; i < count; i++)
		nachet_array_add(&array, digests[i], NACHET_SHA256_BYTES);
	if (!nachet_array_finish(&array))
	{
		nachet_error_set(error, "out of memory");
		return false;
	}
	values[0] = array.data;
	lengths[0] = (int) array.length;
	result = PQexecParams(connection, "SELECT nachet.missing_contents($1)", 1, types, values,
	                      lengths, formats, 1);
	nachet_array_free(&array);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, connection, result);
	else if (!mark_missing(result, digests, count, missing))
		nachet_error_set(error, "out of memory, or a strange answer of nachet.missing_contents");
	else
		done = true;
	PQclear(result);
	return done;
}
