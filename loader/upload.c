/*
 * loader/upload.c
 *		The two questions of an import: may this user import this, and make the set.
 *
 * Both pass the same values through the same expressions, so that what was found acceptable is what the
 * set is made with. Numbers go as numeric: 20 and 20.0 make one set. Both may be asked again: the same
 * set has the same id.
 */
#include <stdio.h>
#include <string.h>

#include "retry.h"
#include "upload.h"

#define PARAMETERS 7

/* The parameters that data is made of stand first in both statements. */
enum
{
	SEED = 0,
	ZOOM,
	NB_SEEDS,
	NAME,
	DATA_PARAMETERS
};

#define DATA_MEMBERS                                                                               \
	"'seed_name', $1::text, 'zoom_level', $2::numeric, 'nb_seeds', $3::numeric, 'name', $4::text"

static const char ask_statement[] =
    "SELECT nachet.batch_import(jsonb_build_object(" DATA_MEMBERS ", 'email', $5::text, "
    "'dry_run', true, 'pictures', '[]'::jsonb), NULL) ->> 'user_id'";

static const char upload_statement[] =
    "SELECT nachet.upload_picture_set($6::text[], $7::bytea[], $5::uuid, "
    "jsonb_build_object(" DATA_MEMBERS "))";

static void
set_data_parameters(NachetSession *session, const NachetFiles *files,
                    const char *values[PARAMETERS])
{
	memset(values, 0, PARAMETERS * sizeof(*values));
	values[SEED] = files->seed != NULL ? files->seed : session->options->seed;
	values[ZOOM] = session->options->zoom;
	values[NB_SEEDS] = session->options->nb_seeds;
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
		nachet_error_set(error, "the datastore gave no id");
	else
	{
		memcpy(uuid, PQgetvalue(result, 0, 0), NACHET_UUID_TEXT);
		taken = true;
	}
	PQclear(result);
	return taken;
}

static bool
ask(NachetSession *session, const NachetFiles *files, char user_id[NACHET_UUID_TEXT],
    NachetError *error)
{
	PGconn *connection = nachet_session_connection(session, 0, error);
	const char *values[PARAMETERS];

	if (connection == NULL)
		return false;
	set_data_parameters(session, files, values);
	values[DATA_PARAMETERS] = session->options->email;
	return take_uuid(
	    connection,
	    PQexecParams(connection, ask_statement, DATA_PARAMETERS + 1, NULL, values, NULL, NULL, 0),
	    user_id, error);
}

bool
nachet_upload_ask(NachetSession *session, const NachetFiles *files, char user_id[NACHET_UUID_TEXT],
                  NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};

	while (!ask(session, files, user_id, error))
	{
		if (!nachet_retry_wait(&retry, error))
			return false;
	}
	nachet_retry_done(&retry);
	return true;
}

static bool
upload(NachetSession *session, const NachetFiles *files, const char *user_id,
       char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	PGconn *connection = nachet_session_connection(session, 0, error);
	const int formats[PARAMETERS] = {0, 0, 0, 0, 0, 1, 1};
	int lengths[PARAMETERS] = {0};
	const char *values[PARAMETERS];
	PGresult *result;

	if (connection == NULL)
		return false;
	result = PQexec(connection, "SET synchronous_commit = on");
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return take_uuid(connection, result, set_id, error);
	PQclear(result);

	set_data_parameters(session, files, values);
	values[DATA_PARAMETERS] = user_id;
	values[DATA_PARAMETERS + 1] = files->names.data;
	lengths[DATA_PARAMETERS + 1] = (int) files->names.length;
	values[DATA_PARAMETERS + 2] = files->digests.data;
	lengths[DATA_PARAMETERS + 2] = (int) files->digests.length;
	nachet_progress_begin(&session->progress, NACHET_PHASE_FINISH, files->count, 0);
	result =
	    PQexecParams(connection, upload_statement, PARAMETERS, NULL, values, lengths, formats, 0);
	nachet_progress_end(&session->progress);
	return take_uuid(connection, result, set_id, error);
}

bool
nachet_upload_set(NachetSession *session, const NachetFiles *files, const char *user_id,
                  char set_id[NACHET_UUID_TEXT], NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};

	while (!upload(session, files, user_id, set_id, error))
	{
		if (!nachet_retry_wait(&retry, error))
			return false;
	}
	nachet_retry_done(&retry);
	return true;
}
