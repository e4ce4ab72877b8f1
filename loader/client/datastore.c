/*
 * loader/client/datastore.c
 *		The datastore's SQL functions as C calls over libpq.
 *
 * A result belongs to the function that asked for it and is cleared before that returns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "loader/client/array.h"
#include "loader/client/datastore.h"
#include "loader/client/statement.h"

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
			nachet_error_set(error, "nachet.chunk_size() returned %d", chunk_size);
			chunk_size = 0;
		}
	}
	PQclear(result);
	return chunk_size;
}

/* What the datastore named as missing; the digest stands first, so that compare_digests serves. */
typedef struct Missing
{
	unsigned char digest[NACHET_SHA256_BYTES];
	bool marked;
} Missing;

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, NACHET_SHA256_BYTES);
}

/* Marks the first of each of those SHA-256 that the result has, one bytea a row, in any order. */
static bool
mark_missing(const PGresult *result, const NachetArray *digests, bool *missing)
{
	const char *digest = digests->data + NACHET_ARRAY_HEADER_BYTES + sizeof(uint32_t);
	size_t rows = (size_t) PQntuples(result);
	Missing *found = NULL;

	memset(missing, 0, digests->count * sizeof(*missing));
	if (rows == 0)
		return true;
	found = calloc(rows, sizeof(*found));
	if (found == NULL)
		return false;
	for (size_t i = 0; i < rows; i++)
	{
		if (PQgetlength(result, (int) i, 0) != NACHET_SHA256_BYTES)
		{
			free(found);
			return false;
		}
		memcpy(found[i].digest, PQgetvalue(result, (int) i, 0), NACHET_SHA256_BYTES);
	}
	qsort(found, rows, sizeof(*found), compare_digests);
	for (size_t i = 0; i < digests->count; i++)
	{
		Missing *one = bsearch(digest, found, rows, sizeof(*found), compare_digests);

		missing[i] = one != NULL && !one->marked;
		if (one != NULL)
			one->marked = true;
		digest += sizeof(uint32_t) + NACHET_SHA256_BYTES;
	}
	free(found);
	return true;
}

/* Asks about a finished array of SHA-256, by SQL that answers with those that are missing. */
static bool
ask_missing(PGconn *connection, const char *sql, const NachetArray *digests, unsigned timeout,
            bool *missing, NachetError *error)
{
	const Oid types[1] = {NACHET_BYTEA_ARRAY_OID};
	const int formats[1] = {1};
	const char *const values[1] = {digests->data};
	const int lengths[1] = {(int) digests->length};
	const NachetStatement statement = {sql, 1, types, values, lengths, formats, 1};
	PGresult *result = nachet_statement_run(connection, &statement, timeout);
	bool done = false;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, connection, result);
	else if (!mark_missing(result, digests, missing))
		nachet_error_set(error, "unexpected result of \"%s\", or out of memory", sql);
	else
		done = true;
	PQclear(result);
	return done;
}

bool
nachet_datastore_missing(PGconn *connection, const unsigned char (*digests)[NACHET_SHA256_BYTES],
                         size_t count, unsigned timeout, bool *missing, NachetError *error)
{
	NachetArray array;
	bool done = false;

	nachet_array_init(&array, NACHET_BYTEA_OID);
	for (size_t i = 0; i < count; i++)
		nachet_array_add(&array, digests[i], NACHET_SHA256_BYTES);
	if (!nachet_array_finish(&array))
		nachet_error_set(error, "out of memory");
	else
		done = ask_missing(connection, "SELECT nachet.missing_contents($1)", &array, timeout,
		                   missing, error);
	nachet_array_free(&array);
	return done;
}

bool
nachet_datastore_hold(PGconn *connection, const NachetArray *digests, bool *missing,
                      NachetError *error)
{
	return ask_missing(connection, "SELECT nachet.hold_contents($1)", digests, 0, missing, error);
}
