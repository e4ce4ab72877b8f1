/*
 * extension/sets/seeds.c
 *		The seeds that pictures may show.
 *
 * A seed is a class of the training data, and people tell its name by what they read: so a name is
 * registered once whatever its case, blanks and Unicode form, and found in each of them. Names that
 * were registered before that rule, or that a restore brings, stay; each is found by its exact
 * name. Whoever registers a name holds a lock on its key, since no unique index could tell names
 * apart that are already there twice.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "errcodes.h"
#include "pure/characters.h"
#include "pure/names.h"
#include "schema.h"
#include "sets/name_form.h"
#include "sets/seeds.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(get_all_seeds_names);
PG_FUNCTION_INFO_V1(register_seed);
PG_FUNCTION_INFO_V1(seed_named);
PG_FUNCTION_INFO_V1(object_type_present);

/*
 * The longest name that is compared with others for a hint; varstr_levenshtein takes 255
 * characters.
 */
#define NEAREST_MAX_BYTES 255

/*
 * The number of locks that all names share: a transaction that registers thousands of names must
 * not use up the server's lock table.
 */
#define NAME_LOCKS 256

/* The most names that a hint lists. */
#define ALIKE_SHOWN 5

/* get_all_seeds_names() returns setof text: the names, in the order of their code points. */
Datum
get_all_seeds_names(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	uint64 rows;

	nachet_sql_materialize(fcinfo, 1);
	SPI_connect();
	rows = nachet_sql_read("SELECT name FROM nachet.seed ORDER BY name COLLATE \"C\"", 0, NULL);
	for (uint64 i = 0; i < rows; i++)
	{
		bool isnull = false;
		Datum name = nachet_sql_value(i, 0, TEXTOID);

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &name, &isnull);
	}
	SPI_finish();
	return (Datum) 0;
}

/* --- names that people would take for one another --------------------------------------------- */

static const char *const all_names = "SELECT name FROM nachet.seed ORDER BY name COLLATE \"C\"";

/*
 * Of the names that a query has answered, those that differ from one in nothing but case, blanks
 * and Unicode form; the name itself is not among them.
 */
static List *
alike_names(text *name, uint64 rows)
{
	text *key = nachet_name_form_key(name);
	List *alike = NIL;

	for (uint64 i = 0; i < rows; i++)
	{
		text *other = DatumGetTextPP(nachet_sql_value(i, 0, TEXTOID));
		text *other_key = nachet_name_form_key(other);

		CHECK_FOR_INTERRUPTS();
		if (nachet_name_form_equal(key, other_key) && !nachet_name_form_equal(name, other))
			alike = lappend(alike, other);
		pfree(other_key);
	}
	return alike;
}

/* "A", which differs in case, or "B", which differs in blanks */
static char *
alike_text(text *name, List *alike)
{
	StringInfoData names;
	int shown = Min(list_length(alike), ALIKE_SHOWN);

	initStringInfo(&names);
	for (int i = 0; i < shown; i++)
	{
		text *other = list_nth(alike, i);

		appendStringInfo(&names, "%s\"%s\", which differs in %s",
		                 i == 0           ? ""
		                 : i + 1 == shown ? ", or "
		                                  : ", ",
		                 text_to_cstring(other), nachet_name_form_difference(name, other));
	}
	return names.data;
}

/*
 * The registered name that takes the fewest edits to reach, what a key makes equal aside; NULL if
 * none is near.
 */
static text *
nearest_name(text *wanted, uint64 rows)
{
	text *target = nachet_name_form_key(wanted);
	int length = (int) VARSIZE_ANY_EXHDR(target);
	int best = length / 2 + 1;
	text *nearest = NULL;

	if (length == 0 || length > NEAREST_MAX_BYTES)
		return NULL;
	for (uint64 i = 0; i < rows; i++)
	{
		text *name = DatumGetTextPP(nachet_sql_value(i, 0, TEXTOID));
		text *key = nachet_name_form_key(name);
		int distance = best;

		CHECK_FOR_INTERRUPTS();
		if (VARSIZE_ANY_EXHDR(key) <= NEAREST_MAX_BYTES)
			distance =
			    varstr_levenshtein_less_equal(VARDATA_ANY(target), length, VARDATA_ANY(key),
			                                  (int) VARSIZE_ANY_EXHDR(key), 1, 1, 1, best, true);
		if (distance < best)
		{
			best = distance;
			nearest = name;
		}
		pfree(key);
	}
	return nearest;
}

/*
 * How two names differ that may look the same, such as a Cyrillic letter for a Latin one;
 * NULL if they first differ in ASCII.
 */
static char *
first_difference(text *given, text *registered)
{
	text *a = nachet_name_form_nfc(given);
	text *b = nachet_name_form_nfc(registered);
	size_t at_a = 0;
	size_t at_b = 0;

	for (int number = 1; at_a < VARSIZE_ANY_EXHDR(a) && at_b < VARSIZE_ANY_EXHDR(b); number++)
	{
		uint32 x = nachet_utf8_next(VARDATA_ANY(a), &at_a);
		uint32 y = nachet_utf8_next(VARDATA_ANY(b), &at_b);

		if (x != y)
			return x < 0x80 && y < 0x80
			           ? NULL
			           : psprintf("character %d is U+%04X there, and U+%04X in the name given",
			                      number, y, x);
	}
	return NULL;
}

/* The hint to a name that is not registered. */
static char *
hint_for(text *name)
{
	uint64 rows = nachet_sql_run(SPI_OK_SELECT, all_names, 0, NULL);
	List *alike = alike_names(name, rows);
	text *nearest;
	char *difference;

	if (alike != NIL)
		return psprintf("Perhaps you meant %s. Give the name exactly.", alike_text(name, alike));
	nearest = nearest_name(name, rows);
	if (nearest == NULL)
		return pstrdup("nachet.get_all_seeds_names() lists the registered seeds.");
	difference = first_difference(name, nearest);
	return difference == NULL
	           ? psprintf("Perhaps you meant \"%s\".", text_to_cstring(nearest))
	           : psprintf("Perhaps you meant \"%s\": %s.", text_to_cstring(nearest), difference);
}

/* --- finding a seed --------------------------------------------------------------------------- */

/*
 * Finds a seed by its exact name, and locks it until the transaction ends, except in a read-only
 * transaction: a dry run on a standby takes no lock, and stores nothing that would name the seed.
 */
static bool
find_exactly(text *name, Datum *id)
{
	const char *query = XactReadOnly ? "SELECT id FROM nachet.seed WHERE name = $1"
	                                 : "SELECT id FROM nachet.seed WHERE name = $1 FOR KEY SHARE";
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(name));

	if (nachet_sql_run(SPI_OK_SELECT, query, 1, &arg) == 0)
		return false;
	*id = nachet_sql_result(0, 0, UUIDOID);
	return true;
}

Datum
nachet_seeds_require(text *name, text **registered)
{
	List *alike;
	Datum id;

	*registered = name;
	if (find_exactly(name, &id))
		return id;
	alike = alike_names(name, nachet_sql_run(SPI_OK_SELECT, all_names, 0, NULL));
	if (list_length(alike) == 1 && find_exactly(linitial(alike), &id))
	{
		*registered = linitial(alike);
		return id;
	}
	ereport(ERROR, (errcode(ERRCODE_NACHET_SEED_NOT_REGISTERED),
	                errmsg("seed \"%s\" is not registered", text_to_cstring(name)),
	                errhint("%s", hint_for(name))));
}

/* --- registering ------------------------------------------------------------------------------ */

/* Raises an error for a name that no seed may have. */
static void
check_name(text *name, int sqlstate)
{
	const char *flaw = nachet_name_flaw(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	NachetCharacterFlaw blanks = {flaw, 0};

	if (flaw == NULL)
		blanks = nachet_blanks_flaw(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (blanks.what != NULL && blanks.character != 0)
		ereport(ERROR,
		        (errcode(sqlstate), errmsg("seed name \"%s\" %s (U+%04X)", text_to_cstring(name),
		                                   blanks.what, blanks.character)));
	if (blanks.what != NULL)
		ereport(ERROR, (errcode(sqlstate),
		                errmsg("seed name \"%s\" %s", text_to_cstring(name), blanks.what)));
}

/*
 * The registered names that differ from one in nothing but case, blanks and Unicode form, as they
 * are now; until the transaction ends, no other one registers such a name.
 */
static List *
lock_alike(text *name)
{
	text *key = nachet_name_form_key(name);
	uint32 hash =
	    hash_bytes((const unsigned char *) VARDATA_ANY(key), (int) VARSIZE_ANY_EXHDR(key));

	LockDatabaseObject(RelationRelationId, nachet_schema_relation("seed"),
	                   (uint16) (hash % NAME_LOCKS), ExclusiveLock);
	return alike_names(name, nachet_sql_run_latest(SPI_OK_SELECT, all_names, 0, NULL));
}

/* The names of a list but one. */
static List *
without(List *names, const text *one)
{
	ListCell *cell;

	foreach (cell, names)
		if (nachet_name_form_equal(lfirst(cell), one))
			names = foreach_delete_current(names, cell);
	return names;
}

/* The id of a seed that is registered under this very name, or has just been. */
static Datum
require_exactly(text *name)
{
	Datum id;

	if (!find_exactly(name, &id))
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		                errmsg("seed \"%s\" was registered or removed concurrently",
		                       text_to_cstring(name))));
	return id;
}

/* The id of the only seed whose name differs from one in little, with a notice. */
static Datum
require_alike(text *name, List *alike)
{
	text *registered = linitial(alike);
	Datum id;

	if (list_length(alike) > 1)
		ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
		                errmsg("several registered seeds have names similar to \"%s\"",
		                       text_to_cstring(name)),
		                errdetail("The registered seeds are %s.", alike_text(name, alike)),
		                errhint("Use the exact name of one of them.")));
	id = require_exactly(registered);
	ereport(NOTICE,
	        (errmsg("seed \"%s\" is registered as \"%s\"", text_to_cstring(name),
	                text_to_cstring(registered)),
	         errdetail("The names differ in %s.", nachet_name_form_difference(name, registered))));
	return id;
}

/* Inserts a seed, unless another transaction has registered the very name; returns its id. */
static Datum
insert_seed(text *name)
{
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(name));

	(void) nachet_sql_run(
	    SPI_OK_INSERT, "INSERT INTO nachet.seed (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
	    1, &arg);
	return require_exactly(name);
}

/*
 * register_seed(name text) returns uuid: creates the seed, or returns the one that is there, with a
 * notice if its name differs in case, blanks or Unicode form. A new name is stored in form C.
 * Errors: 22023 for a name that is empty, too long, or has a slash at an end or blanks or
 * characters that people do not see; 23505 if several seeds have the name in other forms.
 */
Datum
register_seed(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	List *alike;
	Datum id;

	SPI_connect();
	if (!find_exactly(name, &id))
	{
		check_name(name, ERRCODE_INVALID_PARAMETER_VALUE);
		alike = lock_alike(name);
		id = alike != NIL ? require_alike(name, alike) : insert_seed(nachet_name_form_nfc(name));
	}
	SPI_finish();
	PG_RETURN_DATUM(id);
}

/* The column "name" of a row of the trigger's table; NULL if it is null. */
static text *
name_of(TriggerData *trigger, HeapTuple row)
{
	bool isnull;
	Datum name = nachet_schema_trigger_column(trigger, row, "name", TEXTOID, &isnull);

	return isnull ? NULL : DatumGetTextPP(name);
}

/*
 * seed_named(): BEFORE INSERT or UPDATE of a seed's name by plain SQL, except by whoever may
 * restore a dump: the same rules. Errors: 23514 for a name that no seed may have or that is not in
 * Unicode's form C, 23505 for one that is registered in another form.
 */
Datum
seed_named(PG_FUNCTION_ARGS)
{
	TriggerData *trigger =
	    nachet_schema_trigger(fcinfo, TRIGGER_EVENT_BEFORE | TRIGGER_EVENT_ROW, false);
	HeapTuple row = nachet_schema_trigger_row(trigger);
	text *name;
	List *alike;

	nachet_schema_require_trigger(trigger, "seed", NULL);
	name = name_of(trigger, row);
	if (name != NULL) /* else the column's own NOT NULL refuses it */
	{
		SPI_connect();
		check_name(name, ERRCODE_CHECK_VIOLATION);
		alike = lock_alike(name);
		if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			alike = without(alike, name_of(trigger, trigger->tg_trigtuple));
		if (alike != NIL)
			ereport(ERROR,
			        (errcode(ERRCODE_UNIQUE_VIOLATION),
			         errmsg("seed \"%s\" is registered in another form", text_to_cstring(name)),
			         errdetail("The registered seed is %s.", alike_text(name, alike))));
		if (!nachet_name_form_equal(name, nachet_name_form_nfc(name)))
			ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION),
			                errmsg("seed name \"%s\" is not in Unicode normalization form C",
			                       text_to_cstring(name)),
			                errhint("Use normalize(name).")));
		SPI_finish();
	}
	return PointerGetDatum(row);
}

/*
 * object_type_present(): BEFORE INSERT of row 1 of object_type by replication, which fires no other
 * trigger: the extension has made that row, so that the one that comes is passed over. Other
 * sessions fire it after ENABLE TRIGGER ALL, which ends a restore with --disable-triggers; their
 * row is refused as a duplicate.
 */
Datum
object_type_present(PG_FUNCTION_ARGS)
{
	TriggerData *trigger =
	    nachet_schema_trigger(fcinfo, TRIGGER_EVENT_BEFORE | TRIGGER_EVENT_ROW, false);
	bool replicated = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;

	nachet_schema_require_trigger(trigger, "object_type", NULL);
	return PointerGetDatum(replicated ? NULL : nachet_schema_trigger_row(trigger));
}
