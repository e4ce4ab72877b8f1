/*
 * loader/send/sink_copy.c
 *		Imports straight into the database: contents by COPY, sets by SQL.
 *
 * Connection 0 asks and makes sets; each worker sends over its own, the first over 0. No connection
 * stays in a transaction between two calls, and none keeps a setting: a pooler may give it to
 * another client next. The two questions of an import, may this user import this and make the set,
 * pass the same values through the same expressions, so that what was found acceptable is what the
 * set is made with. Numbers go as numeric: 20 and 20.0 make one set.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <libpq-fe.h>

#include "loader/client/cancel.h"
#include "loader/client/chunk_copy.h"
#include "loader/client/connection.h"
#include "loader/client/datastore.h"
#include "loader/send/copy_hints.h"
#include "loader/send/reader.h"
#include "loader/send/sink_copy.h"

#define PARAMETERS 7
#define READ_ONLY  "25006"

/* The parameters that data is made of stand first in both statements. */
enum
{
	SEED = 0,
	ZOOM,
	NB_SEEDS,
	NAME,
	DATA_PARAMETERS
};

/* All names have their schema: what others put into a search_path is never used. */
#define TEXT    "::pg_catalog.text"
#define NUMERIC "::pg_catalog.numeric"
#define DATA_MEMBERS                                                                               \
	"'seed_name', $1" TEXT ", 'zoom_level', $2" NUMERIC ", 'nb_seeds', $3" NUMERIC                 \
	", 'name', $4" TEXT

static const char ask_statement[] =
    "SELECT nachet.batch_import(pg_catalog.jsonb_build_object(" DATA_MEMBERS ", 'email', $5" TEXT
    ", 'dry_run', true, 'pictures', '[]'::pg_catalog.jsonb), NULL)"
    " OPERATOR(pg_catalog.->>) 'user_id'";

static const char upload_statement[] =
    "SELECT nachet.upload_picture_set($6::pg_catalog.text[], $7::pg_catalog.bytea[], "
    "$5::pg_catalog.uuid, pg_catalog.jsonb_build_object(" DATA_MEMBERS "))";

typedef struct Connection
{
	PGconn *connection; /* NULL until it is needed */
	NachetCancel *cancel;
} Connection;

typedef struct CopySink
{
	NachetSink sink;
	NachetSession *session;
	Connection connection[NACHET_MAX_JOBS];
	pthread_mutex_t cancel_lock; /* over the connections' slots */
	int chunk_size;
	char user_id[NACHET_UUID_TEXT]; /* who imports, once asked */
} CopySink;

/* --- connections ------------------------------------------------------------------------------ */

static void
copy_drop(NachetSink *sink, int worker)
{
	CopySink *copy_sink = sink->state;
	Connection *slot = &copy_sink->connection[worker];
	PGconn *connection = slot->connection;

	pthread_mutex_lock(&copy_sink->cancel_lock);
	nachet_cancel_free(slot->cancel);
	memset(slot, 0, sizeof(*slot));
	pthread_mutex_unlock(&copy_sink->cancel_lock);
	PQfinish(connection);
}

/* The worker's connection, made at its first use and anew if it was found lost. */
static PGconn *
connection_of(CopySink *copy_sink, int worker, NachetError *error)
{
	NachetSession *session = copy_sink->session;
	Connection *slot = &copy_sink->connection[worker];
	PGconn *connection = slot->connection;
	NachetCancel *cancel;

	if (connection != NULL && PQstatus(connection) == CONNECTION_OK)
		return connection;
	copy_drop(&copy_sink->sink, worker);
	atomic_fetch_add(&session->connecting, 1);
	connection = nachet_connection_open(session->options->dbname, "nachet-load", error);
	atomic_fetch_sub(&session->connecting, 1);
	if (connection == NULL)
		return NULL;
	cancel = nachet_cancel_create(connection);
	atomic_store(&session->reached, true);

	pthread_mutex_lock(&copy_sink->cancel_lock);
	slot->connection = connection;
	slot->cancel = cancel;
	pthread_mutex_unlock(&copy_sink->cancel_lock);
	return connection;
}

static bool
run_command(PGconn *connection, const char *command, NachetError *error)
{
	PGresult *result = PQexec(connection, command);
	bool done = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!done)
		nachet_error_from_postgres(error, connection, result);
	PQclear(result);
	return done;
}

static bool
copy_join(NachetSink *sink, int worker, NachetError *error)
{
	return connection_of(sink->state, worker, error) != NULL;
}

/* Whether the server says that its sessions may not write, so that no file is read in vain. */
static bool
is_read_only(PGconn *connection, NachetError *error)
{
	static const char *const parameters[] = {"in_hot_standby", "default_transaction_read_only"};

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
	{
		const char *value = PQparameterStatus(connection, parameters[i]);

		if (value == NULL || strcmp(value, "on") != 0)
			continue;
		nachet_error_set(error, "the database is read-only (%s is on)", parameters[i]);
		memcpy(error->sqlstate, READ_ONLY, sizeof(READ_ONLY));
		return true;
	}
	return false;
}

static bool
copy_open(NachetSink *sink, NachetError *error)
{
	CopySink *copy_sink = sink->state;
	PGconn *connection = connection_of(copy_sink, 0, error);

	if (connection != NULL &&
	    (copy_sink->session->options->dry_run || !is_read_only(connection, error)))
		copy_sink->chunk_size = nachet_datastore_chunk_size(connection, error);
	return copy_sink->chunk_size > 0;
}

/* Ours replaces PostgreSQL's, which speaks of the statement: the user has not written it. */
static void
copy_explain(NachetSink *sink, NachetError *error)
{
	CopySink *copy_sink = sink->state;
	char *hint = nachet_copy_hint(copy_sink->connection[0].connection, error->sqlstate);

	if (hint == NULL)
		return;
	free(error->hint);
	error->hint = hint;
}

static void
copy_cancel(NachetSink *sink)
{
	CopySink *copy_sink = sink->state;

	pthread_mutex_lock(&copy_sink->cancel_lock);
	for (int i = 0; i < NACHET_MAX_JOBS; i++)
	{
		if (copy_sink->connection[i].cancel != NULL)
			nachet_cancel_send(copy_sink->connection[i].cancel);
	}
	pthread_mutex_unlock(&copy_sink->cancel_lock);
}

/* --- contents --------------------------------------------------------------------------------- */

static bool
copy_missing(NachetSink *sink, int worker, NachetBatch *batch, NachetError *error)
{
	PGconn *connection = connection_of(sink->state, worker, error);

	return connection != NULL && nachet_datastore_missing(connection, batch->digest, batch->count,
	                                                      0, batch->missing, error);
}

/* Adds a file's content to the COPY, which the first one begins. On failure ends the COPY. */
static bool
copy_content(const CopySink *copy_sink, PGconn *connection, NachetChunkCopy **begun,
             NachetReader *reader, size_t index, NachetError *error)
{
	NachetChunkCopy *copy = *begun;
	const char *bytes;
	size_t length;

	if (copy == NULL)
		copy = *begun = nachet_chunk_copy_begin(connection, copy_sink->chunk_size, 0, error);
	if (copy == NULL)
		return false;
	nachet_chunk_copy_content(copy);
	if (!nachet_reader_open(reader, index, error))
		goto fail;
	do
	{
		if (!nachet_reader_read(reader, &bytes, &length, error) ||
		    (length > 0 && !nachet_chunk_copy_write(copy, bytes, length, error)))
			goto fail;
	} while (length > 0);
	return true;

fail:
	nachet_chunk_copy_abort(copy);
	return false;
}

/* Copies the missing of count files, all in one COPY; index, or NULL, has their places. */
static bool
copy_contents(const CopySink *copy_sink, PGconn *connection, NachetReader *reader,
              const size_t *index, const bool *missing, size_t count, NachetError *error)
{
	NachetChunkCopy *copy = NULL;

	for (size_t i = 0; i < count; i++)
	{
		if (missing[i] && !copy_content(copy_sink, connection, &copy, reader,
		                                index != NULL ? index[i] : i, error))
			return false;
	}
	return copy == NULL || nachet_chunk_copy_end(copy, error);
}

static bool
copy_send(NachetSink *sink, int worker, const NachetBatch *batch, NachetReader *reader,
          size_t first, size_t count, NachetError *error)
{
	CopySink *copy_sink = sink->state;
	PGconn *connection = connection_of(copy_sink, worker, error);

	return connection != NULL && copy_contents(copy_sink, connection, reader, batch->index + first,
	                                           batch->missing + first, count, error);
}

/* --- sets ------------------------------------------------------------------------------------- */

static void
set_data_parameters(const CopySink *copy_sink, const NachetFiles *files,
                    const char *values[PARAMETERS])
{
	const NachetOptions *options = copy_sink->session->options;

	memset(values, 0, PARAMETERS * sizeof(*values));
	values[SEED] = files->seed != NULL ? files->seed : options->seed;
	values[ZOOM] = options->zoom;
	values[NB_SEEDS] = options->nb_seeds;
	values[NAME] = files->set_name;
}

/* Takes the one UUID that a statement answered with; clears the result. */
static bool
take_uuid(PGconn *connection, PGresult *result, char uuid[NACHET_UUID_TEXT], NachetError *error)
{
	bool taken = false;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		nachet_error_from_postgres(error, connection, result);
	else if (PQntuples(result) != 1 || PQgetlength(result, 0, 0) != NACHET_UUID_TEXT - 1)
		nachet_error_set(error, "the datastore returned no id");
	else
	{
		memcpy(uuid, PQgetvalue(result, 0, 0), NACHET_UUID_TEXT);
		taken = true;
	}
	PQclear(result);
	return taken;
}

static bool
copy_ask(NachetSink *sink, const NachetFiles *files, NachetError *error)
{
	CopySink *copy_sink = sink->state;
	PGconn *connection = connection_of(copy_sink, 0, error);
	const char *values[PARAMETERS];

	if (connection == NULL)
		return false;
	set_data_parameters(copy_sink, files, values);
	values[DATA_PARAMETERS] = copy_sink->session->options->email;
	return take_uuid(
	    connection,
	    PQexecParams(connection, ask_statement, DATA_PARAMETERS + 1, NULL, values, NULL, NULL, 0),
	    copy_sink->user_id, error);
}

static bool
upload_set(const CopySink *copy_sink, PGconn *connection, const NachetFiles *files,
           char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	const int formats[PARAMETERS] = {0, 0, 0, 0, 0, 1, 1};
	int lengths[PARAMETERS] = {0};
	const char *values[PARAMETERS];

	set_data_parameters(copy_sink, files, values);
	values[DATA_PARAMETERS] = copy_sink->user_id;
	values[DATA_PARAMETERS + 1] = files->names.data;
	lengths[DATA_PARAMETERS + 1] = (int) files->names.length;
	values[DATA_PARAMETERS + 2] = files->digests.data;
	lengths[DATA_PARAMETERS + 2] = (int) files->digests.length;
	return take_uuid(
	    connection,
	    PQexecParams(connection, upload_statement, PARAMETERS, NULL, values, lengths, formats, 0),
	    set_id, error);
}

static bool
copy_commit(NachetSink *sink, const NachetFiles *files, char set_id[NACHET_UUID_TEXT],
            NachetError *error)
{
	CopySink *copy_sink = sink->state;
	PGconn *connection = connection_of(copy_sink, 0, error);

	return connection != NULL && upload_set(copy_sink, connection, files, set_id, error);
}

/*
 * The contents that are there are locked FOR KEY SHARE, those that the COPY seals are there or are
 * this transaction's own: a sweep passes by the first and does not see the second. Two such
 * transactions wait for each other only within their one COPY, and there in the order of the
 * hashes.
 */
static bool
copy_store_set(NachetSink *sink, const NachetFiles *files, NachetReader *reader, bool *missing,
               char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	CopySink *copy_sink = sink->state;
	PGconn *connection = connection_of(copy_sink, 0, error);
	bool made;

	if (connection == NULL)
		return false;
	made = run_command(connection, "BEGIN ISOLATION LEVEL READ COMMITTED", error) &&
	       nachet_datastore_hold(connection, &files->digests, missing, error) &&
	       copy_contents(copy_sink, connection, reader, NULL, missing, files->count, error) &&
	       upload_set(copy_sink, connection, files, set_id, error) &&
	       run_command(connection, "COMMIT", error);
	if (!made && PQtransactionStatus(connection) != PQTRANS_IDLE)
		PQclear(PQexec(connection, "ROLLBACK"));
	return made;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void
copy_free(NachetSink *sink)
{
	CopySink *copy_sink = sink->state;

	for (int i = 0; i < NACHET_MAX_JOBS; i++)
		copy_drop(sink, i);
	pthread_mutex_destroy(&copy_sink->cancel_lock);
	free(copy_sink);
}

NachetSink *
nachet_sink_copy_create(NachetSession *session)
{
	CopySink *copy_sink = calloc(1, sizeof(*copy_sink));

	if (copy_sink == NULL)
		return NULL;
	copy_sink->sink = (NachetSink){.destination = "the database",
	                               .state = copy_sink,
	                               .open = copy_open,
	                               .join = copy_join,
	                               .drop = copy_drop,
	                               .ask = copy_ask,
	                               .missing = copy_missing,
	                               .send = copy_send,
	                               .commit = copy_commit,
	                               .store_set = copy_store_set,
	                               .explain = copy_explain,
	                               .cancel = copy_cancel,
	                               .free = copy_free};
	copy_sink->session = session;
	pthread_mutex_init(&copy_sink->cancel_lock, NULL);
	return &copy_sink->sink;
}
