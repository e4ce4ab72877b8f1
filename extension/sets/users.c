/*
 * extension/sets/users.c
 *		Who may import.
 *
 * E-mail addresses are kept as given, but in Unicode's normalization form C, and compared with the
 * letters A to Z folded (lower() under the C collation), the same in every database; a unique index
 * on that form decides who is who. An address in another Unicode form, which plain SQL may have
 * brought, is found by what it is exactly.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "errcodes.h"
#include "pure/characters.h"
#include "schema.h"
#include "sets/name_form.h"
#include "sets/users.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(is_user_registered);
PG_FUNCTION_INFO_V1(register_user);
PG_FUNCTION_INFO_V1(user_named);

/* RFC 5321, 4.5.3.1.3: a path of 256 bytes with its angle brackets. */
#define EMAIL_MAX_BYTES 254

/*
 * Characters that Unicode's normalization turns into ASCII: KELVIN SIGN into K, GREEK QUESTION MARK
 * into a semicolon, GREEK VARIA into a grave accent. Whoever has such an address is not whom ASCII
 * names.
 */
static const char *const ascii_twins[] = {"\xe2\x84\xaa", "\xcd\xbe", "\xe1\xbf\xaf"};

/* An address is found as it is and in form C, but for those characters. */
static const char *const find_user =
    "SELECT id FROM nachet.users WHERE lower(email COLLATE \"C\") IN"
    " (lower($1 COLLATE \"C\"), lower(normalize(translate("
    "$1, E'\\u212A\\u037E\\u1FEF', E'\\uFFFD\\uFFFD\\uFFFD')) COLLATE \"C\"))"
    " ORDER BY lower(email COLLATE \"C\") = lower($1 COLLATE \"C\") DESC LIMIT 1";

Datum
nachet_users_find(Datum email, bool *isnull)
{
	NachetArg arg = NACHET_PARAM(TEXTOID, email);

	*isnull = nachet_sql_read(find_user, 1, &arg) == 0;
	return *isnull ? (Datum) 0 : nachet_sql_result(0, 0, UUIDOID);
}

void
nachet_users_not_registered(const char *who)
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
	id = nachet_users_find(PG_GETARG_DATUM(0), &isnull);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(id);
}

/* One @ with something on both sides, not too long, every character visible: no more is checked. */
static void
check_email(text *email, int sqlstate)
{
	const char *address = VARDATA_ANY(email);
	size_t length = VARSIZE_ANY_EXHDR(email);
	const char *at = memchr(address, '@', length);
	NachetCharacterFlaw flaw = nachet_invisible_flaw(address, length);

	if (flaw.what != NULL)
		ereport(ERROR,
		        (errcode(sqlstate), errmsg("e-mail address \"%s\" %s (U+%04X)",
		                                   text_to_cstring(email), flaw.what, flaw.character)));
	for (int i = 0; i < lengthof(ascii_twins); i++)
		if (memmem(address, length, ascii_twins[i], strlen(ascii_twins[i])) != NULL)
			ereport(ERROR,
			        (errcode(sqlstate),
			         errmsg("e-mail address \"%s\" has a character that only looks like ASCII",
			                text_to_cstring(email))));
	if (length > EMAIL_MAX_BYTES || at == NULL || at == address || at == address + length - 1 ||
	    memchr(at + 1, '@', length - (at + 1 - address)) != NULL)
		ereport(ERROR, (errcode(sqlstate),
		                errmsg("\"%s\" is not an e-mail address", text_to_cstring(email))));
}

/*
 * The user as the transaction sees it now, others' registrations included; false if there is none.
 */
static bool
find_now(text *email, Datum *id)
{
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(email));

	if (nachet_sql_run(SPI_OK_SELECT, find_user, 1, &arg) == 0)
		return false;
	*id = nachet_sql_result(0, 0, UUIDOID);
	return true;
}

/*
 * register_user(email text) returns uuid: creates the user, or returns the one that is there.
 * Errors: 22023 for what can't be an e-mail address.
 */
Datum
register_user(PG_FUNCTION_ARGS)
{
	text *email = PG_GETARG_TEXT_PP(0);
	Datum id;

	SPI_connect();
	if (!find_now(email, &id))
	{
		NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(nachet_name_form_nfc(email)));

		check_email(email, ERRCODE_INVALID_PARAMETER_VALUE);
		(void) nachet_sql_run(SPI_OK_INSERT,
		                      "INSERT INTO nachet.users (email) VALUES ($1)"
		                      " ON CONFLICT (lower(email COLLATE \"C\")) DO NOTHING",
		                      1, &arg);
		if (!find_now(email, &id))
			ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			                errmsg("user was registered and removed concurrently")));
	}
	SPI_finish();
	PG_RETURN_DATUM(id);
}

/*
 * user_named(): BEFORE INSERT or UPDATE of a user's address by plain SQL, except by whoever may
 * restore a dump: the same rules. Errors: 23514 for what can't be an e-mail address or is not in
 * Unicode's form C.
 */
Datum
user_named(PG_FUNCTION_ARGS)
{
	TriggerData *trigger =
	    nachet_schema_trigger(fcinfo, TRIGGER_EVENT_BEFORE | TRIGGER_EVENT_ROW, false);
	HeapTuple row = nachet_schema_trigger_row(trigger);
	Datum email;
	bool isnull;

	nachet_schema_require_trigger(trigger, "users", NULL);
	email = nachet_schema_trigger_column(trigger, row, "email", TEXTOID, &isnull);
	if (!isnull) /* else the column's own NOT NULL refuses it */
	{
		text *address = DatumGetTextPP(email);

		check_email(address, ERRCODE_CHECK_VIOLATION);
		if (!nachet_name_form_equal(address, nachet_name_form_nfc(address)))
			ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
			                errmsg("e-mail address \"%s\" is not in Unicode normalization form C",
			                       text_to_cstring(address)),
			                errhint("Use normalize(email).")));
	}
	return PointerGetDatum(row);
}
