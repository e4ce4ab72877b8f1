/*
 * extension/users.c
 *		Who may import.
 *
 * E-mail addresses are kept as given and compared with the letters A to Z folded (lower() under the C
 * collation), the same in every database; a unique index on that form decides who is who.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "errcodes.h"
#include "query.h"
#include "users.h"

PG_FUNCTION_INFO_V1(is_user_registered);
PG_FUNCTION_INFO_V1(register_user);

/* RFC 5321, 4.5.3.1.3: a path of 256 bytes with its angle brackets. */
#define EMAIL_MAX_BYTES 254

static const char *const find_user = "SELECT id FROM nachet.users"
                                     " WHERE lower(email COLLATE \"C\") = lower($1 COLLATE \"C\")";

Datum
nachet_user_find(Datum email, bool *isnull)
{
	NachetArg arg = NACHET_PARAM(TEXTOID, email);

	*isnull = true;
	if (nachet_read(find_user, 1, &arg) == 0)
		return (Datum) 0;
	return nachet_query_result(0, 0, UUIDOID, isnull);
}

void
nachet_user_not_registered(const char *who)
{
	ereport(ERROR, (errcode(ERRCODE_NACHET_USER_NOT_REGISTERED),
	                errmsg("user \"%s\" is not registered", who),
	                errhint("An administrator registers users with nachet.register_user(email).")));
}

/* is_user_registered(email text) returns uuid: the user's id, or NULL. */
Datum
is_user_registered(PG_FUNCTION_ARGS)
{
	Datum id;
	bool isnull;

	SPI_connect();
	id = nachet_user_find(PG_GETARG_DATUM(0), &isnull);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(id);
}

/* One @ with something on both sides, no space or control character, not too long: no more is checked. */
static bool
looks_like_email(const char *email, size_t length)
{
	const char *at = memchr(email, '@', length);

	if (length > EMAIL_MAX_BYTES || at == NULL || at == email || at == email + length - 1 ||
	    memchr(at + 1, '@', length - (at + 1 - email)) != NULL)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char) email[i] <= ' ' || email[i] == 0x7f)
			return false;
	return true;
}

/*
 * register_user(email text) returns uuid: creates the user, or returns the one that is there. Errors:
 * 22023 for what can't be an e-mail address.
 */
Datum
register_user(PG_FUNCTION_ARGS)
{
	text *email = PG_GETARG_TEXT_PP(0);
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(email));
	Datum id;
	bool isnull;

	if (!looks_like_email(VARDATA_ANY(email), VARSIZE_ANY_EXHDR(email)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("\"%s\" is not an e-mail address", text_to_cstring(email))));
	SPI_connect();
	(void) nachet_query(SPI_OK_INSERT,
	                    "INSERT INTO nachet.users (email) VALUES ($1)"
	                    " ON CONFLICT (lower(email COLLATE \"C\")) DO NOTHING",
	                    1, &arg);
	/* Not nachet_user_find: a user whom another has just registered is to be seen. */
	isnull = nachet_query(SPI_OK_SELECT, find_user, 1, &arg) == 0;
	id = isnull ? (Datum) 0 : nachet_query_result(0, 0, UUIDOID, &isnull);
	SPI_finish();
	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		                errmsg("user was registered and removed by others meanwhile")));
	PG_RETURN_DATUM(id);
}
