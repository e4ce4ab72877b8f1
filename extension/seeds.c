/*
 * extension/seeds.c
 *		The seeds that pictures may show.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "errcodes.h"
#include "pure/names.h"
#include "query.h"
#include "seeds.h"

PG_FUNCTION_INFO_V1(get_all_seeds_names);
PG_FUNCTION_INFO_V1(register_seed);

/* The longest name that is compared with others for a hint; varstr_levenshtein takes 255 characters. */
#define NEAREST_MAX_BYTES 255

/* get_all_seeds_names() returns setof text: the names, in the order of their code points. */
Datum
get_all_seeds_names(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	uint64 rows;

	nachet_materialize(fcinfo, 1);
	SPI_connect();
	rows = nachet_read("SELECT name FROM nachet.seed ORDER BY name COLLATE \"C\"", 0, NULL);
	for (uint64 i = 0; i < rows; i++)
	{
		bool isnull;
		Datum name = nachet_query_value(i, 0, &isnull);

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &name, &isnull);
	}
	SPI_finish();
	return (Datum) 0;
}

/* The registered name that takes the fewest edits to reach, letters' case aside; NULL where none is near. */
static char *
nearest_name(text *wanted)
{
	int length = (int) VARSIZE_ANY_EXHDR(wanted);
	int best = length / 2 + 1;
	char *nearest = NULL;
	uint64 rows;
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(wanted));

	if (length == 0 || length > NEAREST_MAX_BYTES)
		return NULL;
	rows = nachet_query(SPI_OK_SELECT,
	                    "SELECT name, lower(name), lower($1) FROM nachet.seed"
	                    " WHERE octet_length(name) <= 255 ORDER BY name COLLATE \"C\"",
	                    1, &arg);
	for (uint64 i = 0; i < rows; i++)
	{
		bool isnull;
		text *name = DatumGetTextPP(nachet_query_value(i, 1, &isnull));
		text *target = DatumGetTextPP(nachet_query_value(i, 2, &isnull));
		int distance = varstr_levenshtein_less_equal(
		    VARDATA_ANY(target), (int) VARSIZE_ANY_EXHDR(target), VARDATA_ANY(name),
		    (int) VARSIZE_ANY_EXHDR(name), 1, 1, 1, best, true);

		if (distance < best)
		{
			best = distance;
			nearest = TextDatumGetCString(nachet_query_value(i, 0, &isnull));
		}
	}
	return nearest;
}

/*
 * Locks the seed until the transaction ends, except in a read-only transaction: a dry run on a
 * standby takes no lock, and stores nothing that would name the seed.
 */
Datum
nachet_seed_require(Datum name)
{
	const char *query = XactReadOnly ? "SELECT id FROM nachet.seed WHERE name = $1"
	                                 : "SELECT id FROM nachet.seed WHERE name = $1 FOR KEY SHARE";
	NachetArg arg = NACHET_PARAM(TEXTOID, name);
	bool isnull;
	char *nearest;

	if (nachet_query(SPI_OK_SELECT, query, 1, &arg) > 0)
		return nachet_query_result(0, 0, UUIDOID, &isnull);
	nearest = nearest_name(DatumGetTextPP(name));
	ereport(ERROR, (errcode(ERRCODE_NACHET_SEED_NOT_REGISTERED),
	                errmsg("seed \"%s\" is not registered", TextDatumGetCString(name)),
	                nearest != NULL
	                    ? errhint("Perhaps you meant \"%s\".", nearest)
	                    : errhint("nachet.get_all_seeds_names() lists the registered seeds.")));
}

/*
 * register_seed(name text) returns uuid: creates the seed, or returns the one that is there. Errors: 22023
 * for a name that is empty, too long, or holds control characters or a slash at an end.
 */
Datum
register_seed(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);
	NachetArg arg = NACHET_PARAM(TEXTOID, PointerGetDatum(name));
	const char *flaw = nachet_name_flaw(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	Datum id;

	if (flaw != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("seed name \"%s\" %s", text_to_cstring(name), flaw)));
	SPI_connect();
	(void) nachet_query(SPI_OK_INSERT,
	                    "INSERT INTO nachet.seed (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
	                    1, &arg);
	id = nachet_seed_require(arg.value);
	SPI_finish();
	PG_RETURN_DATUM(id);
}
