/*
 * loader/send/upload.c
 *		The two questions of an import: may this user import this, and make the set.
 *
 * Both may be asked again: the same set has the same id.
 */
#include "loader/send/retry.h"
#include "loader/send/upload.h"

bool
nachet_upload_ask(NachetSession *session, const NachetFiles *files, NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};

	while (!session->sink->ask(session->sink, files, error))
	{
		if (!nachet_retry_wait(&retry, error))
			return false;
	}
	nachet_retry_done(&retry);
	return true;
}

bool
nachet_upload_set(NachetSession *session, const NachetFiles *files, char set_id[NACHET_UUID_TEXT],
                  NachetError *error)
{
	NachetRetry retry = {session, 0, NULL, 0};
	bool made = false;

	do
	{
		nachet_progress_begin(&session->progress, NACHET_PHASE_FINISH, files->count, 0);
		made = session->sink->commit(session->sink, files, set_id, error);
		nachet_progress_end(&session->progress);
	} while (!made && nachet_retry_wait(&retry, error));
	if (made)
		nachet_retry_done(&retry);
	return made;
}
