/*
 * http/request/reason.c
 *		Why a request was refused, as the log may have it: without anything that its sender wrote.
 *
 * Messages quote what they are about. Until it is known who sends a request, such a quotation may
 * be anybody's address or words, and a log is kept for long: it has the SQLSTATE and the key of
 * what was wrong, and the client alone the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/client/datastore.h"
#include "http/request/reason.h"

/*
 * The keys of a request that the datastore or the service reads; they are our words and not the
 * sender's.
 */
static const char *const keys[] = {"email",    "seed_name", "zoom_level", "nb_seeds",
                                   "pictures", "dry_run",   "name"};

/*
 * What the database refuses because of what a request holds. Other errors are its own affair, and
 * logged in its words.
 */
static const struct
{
	const char *sqlstate; /* or how it begins */
	const char *words;
} refusals[] = {
    {NACHET_SQLSTATE_USER_NOT_REGISTERED, "the user is not registered"},
    {NACHET_SQLSTATE_SEED_NOT_REGISTERED, "the seed is not registered"},
    {NACHET_SQLSTATE_NOT_A_PICTURE, "a picture is not acceptable"},
    {NACHET_SQLSTATE_CONTENTS_MISSING, "pictures are not stored"},
    {NACHET_SQLSTATE_BAD_DATA, "the data are wrong"},
    {NACHET_SQLSTATE_NOT_THE_USER, "the user is not the authenticated one"},
    {"22", "a value can't be read"},
    {"54", "the request is too large"},
};

/* The key that a message quotes first; NULL if that is none. */
static const char *
quoted_key(const char *message)
{
	const char *quote = strchr(message, '"');

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && quote != NULL; i++)
	{
		size_t length = strlen(keys[i]);

		if (strncmp(quote + 1, keys[i], length) == 0 && quote[1 + length] == '"')
			return keys[i];
	}
	return NULL;
}

char *
nachet_reason_of_detail(const char *detail)
{
	const char *first = strchr(detail, '"');
	const char *last = strrchr(detail, '"');
	const char *key = quoted_key(detail);
	char *reason;

	/* What is quoted may hold quotes of its own: nothing between the first and the last is ours. */
	if (first == last || (key != NULL && last == first + 1 + strlen(key)))
		return strdup(detail);
	if (asprintf(&reason, "%.*s\"...%s", (int) (first - detail), detail, last) < 0)
		return NULL;
	return reason;
}

char *
nachet_reason_of_error(const NachetError *error)
{
	const char *key = NULL;
	const char *words = error->message;
	char *reason;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
	{
		if (strncmp(error->sqlstate, refusals[i].sqlstate, strlen(refusals[i].sqlstate)) != 0)
			continue;
		words = refusals[i].words;
		key = quoted_key(error->message);
		break;
	}
	if (asprintf(&reason, "%s%s%s%s%s%s", words, key != NULL ? ": " : "", key != NULL ? key : "",
	             *error->sqlstate != '\0' ? " (" : "", error->sqlstate,
	             *error->sqlstate != '\0' ? ")" : "") < 0)
		return NULL;
	return reason;
}
