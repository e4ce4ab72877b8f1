/*
 * extension/damage.c
 *		Work that may meet damaged bytes, in a subtransaction of its own.
 *
 * Rule: the subtransaction is rolled back and released before any error is raised again. While it
 * is open, a handler further up rolls back the wrong one, and the session keeps the user id that
 * SECURITY DEFINER has set.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "damage.h"

/* Whether an error means damage: corrupted data, or a file that cannot be read. */
static bool
is_damage(const ErrorData *error)
{
	int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_TO_CATEGORY(ERRCODE_INTERNAL_ERROR) ||
	       category == ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR);
}

char *
nachet_damage_guard(void (*work)(void *argument), void *argument)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	char *volatile message = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		work(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		if (!is_damage(error))
			ReThrowError(error);
		message = pstrdup(error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return message;
}
