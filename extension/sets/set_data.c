/*
 * extension/sets/set_data.c
 *		What an import says of its pictures: seed, zoom level, number of seeds, and more.
 *
 * The canonical form is what a set's digest covers, so it must not depend on the way the data came:
 * numbers are numbers without trailing zeros whether they came as 20, 20.0 or "20"; keys that say
 * who asks are left out; the seed has the name that it is registered under; jsonb itself sorts the
 * keys.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "errcodes.h"
#include "json_size.h"
#include "pure/names.h"
#include "sets/seeds.h"
#include "sets/set_data.h"
#include "shown.h"
#include "sql.h"

/* The longest number that is read from a string; what a float8 needs is 24 characters. */
#define NUMBER_MAX_LENGTH 64

static void
require_object(Jsonb *data)
{
	if (!JB_ROOT_IS_OBJECT(data))
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data is not a JSON object")));
}

static JsonbValue *
find_key(Jsonb *data, const char *key, JsonbValue *value)
{
	require_object(data);
	value = getKeyJsonValueFromContainer(&data->root, key, (int) strlen(key), value);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

static void
bad_key(Jsonb *data, const char *key, const char *rule)
{
	JsonbValue value;

	if (find_key(data, key, &value) == NULL)
		ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has no \"%s\"", key),
		                errhint("\"%s\" %s.", key, rule)));
	ereport(ERROR, (errcode(ERRCODE_NACHET_BAD_DATA),
	                errmsg("data has an invalid \"%s\": %s", key, nachet_shown_json(&value)),
	                errhint("\"%s\" %s.", key, rule)));
}

text *
nachet_set_data_string(Jsonb *data, const char *key)
{
	JsonbValue value;

	if (find_key(data, key, &value) == NULL)
		return NULL;
	if (value.type != jbvString)
		bad_key(data, key, "must be a string");
	return cstring_to_text_with_len(value.val.string.val, value.val.string.len);
}

/* Whether a string is a plain decimal number, as JSON writes one, spaces around it aside. */
static bool
is_decimal(const char *s)
{
	if (*s == '-' || *s == '+')
		s++;
	if (!isdigit((unsigned char) *s))
		return false;
	while (isdigit((unsigned char) *s))
		s++;
	if (*s == '.')
		for (s++; isdigit((unsigned char) *s); s++)
			;
	if (*s == 'e' || *s == 'E')
	{
		s++;
		if (*s == '-' || *s == '+')
			s++;
		/* Three digits pass a float8's range; more could make numeric_in fail. */
		if (!isdigit((unsigned char) *s) || strlen(s) > 3)
			return false;
		while (isdigit((unsigned char) *s))
			s++;
	}
	return *s == '\0';
}

/* A key's number, given as a number or as a string (as forms do), without trailing zeros. */
static Numeric
number(Jsonb *data, const char *key, const char *rule)
{
	JsonbValue value;
	Datum result = (Datum) 0;

	if (find_key(data, key, &value) != NULL && value.type == jbvNumeric)
		result = NumericGetDatum(value.val.numeric);
	else if (find_key(data, key, &value) != NULL && value.type == jbvString &&
	         value.val.string.len <= NUMBER_MAX_LENGTH)
	{
		char *string = pnstrdup(value.val.string.val, value.val.string.len);

		if (is_decimal(string))
			result = DirectFunctionCall3(numeric_in, CStringGetDatum(string),
			                             ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	if (result == (Datum) 0)
		bad_key(data, key, rule);
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, result));
}

static Numeric
zoom_level(Jsonb *data)
{
	static const char *const rule = "must be a finite number greater than 0";
	Numeric zoom = number(data, "zoom_level", rule);
	double value =
	    DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(zoom)));

	if (!isfinite(value) || value <= 0)
		bad_key(data, "zoom_level", rule);
	return zoom;
}

static int32
nb_seeds(Jsonb *data)
{
	static const char *const rule = "must be a whole number from 1 to 2147483647";
	Numeric value = number(data, "nb_seeds", rule);
	char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
	long long whole = 0;

	if (strlen(digits) <= 10 && strspn(digits, "0123456789") == strlen(digits))
		whole = strtoll(digits, NULL, 10);
	if (whole < 1 || whole > PG_INT32_MAX)
		bad_key(data, "nb_seeds", rule);
	return (int32) whole;
}

/* A set's name keeps the rules of a picture's. */
static text *
set_name(Jsonb *data)
{
	text *name = nachet_set_data_string(data, "name");

	if (name != NULL && nachet_name_flaw(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) != NULL)
		bad_key(data, "name",
		        "must be 1 to 1,024 bytes, without control characters, \".\", \"..\" or empty "
		        "components");
	return name;
}

int
nachet_set_data_size(Jsonb *data)
{
	require_object(data);
	return nachet_json_size(data, NULL);
}

void
nachet_set_data_check(Jsonb *data, NachetSetData *checked)
{
	text *seed_name;
	Numeric zoom;
	text *registered;
	NachetArg args[4];

	checked->json_bytes = nachet_set_data_size(data);
	seed_name = nachet_set_data_string(data, "seed_name");
	if (seed_name == NULL)
		bad_key(data, "seed_name", "must be the name of a registered seed");
	zoom = zoom_level(data);
	checked->nb_seeds = nb_seeds(data);
	checked->name = set_name(data);
	checked->seed_id = nachet_seeds_require(seed_name, &registered);

	args[0] = NACHET_PARAM(JSONBOID, JsonbPGetDatum(data));
	args[1] = NACHET_PARAM(NUMERICOID, NumericGetDatum(zoom));
	args[2] = NACHET_INTEGER(checked->nb_seeds);
	args[3] = NACHET_PARAM(TEXTOID, PointerGetDatum(registered));
	(void) nachet_sql_run(
	    SPI_OK_SELECT,
	    "SELECT $1 - CASE WHEN $1 ->> 'name' IS NULL"
	    " THEN ARRAY['email', 'user_id', 'name'] ELSE ARRAY['email', 'user_id'] END"
	    " || jsonb_build_object('zoom_level', $2, 'nb_seeds', $3, 'seed_name', $4)",
	    4, args);
	checked->canonical = nachet_sql_value(0, 0, JSONBOID);
}
