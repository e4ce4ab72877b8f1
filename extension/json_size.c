/*
 * extension/json_size.c
 *		How long JSON is as text, measured without printing it.
 *
 * Numbers are printed to be measured, one after the other, until the bound is reached: so the work
 * is bounded by the bound and one number, however many there are.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "errcodes.h"
#include "json_size.h"
#include "shown.h"

/* The maximum length of one number as text; a float8's, written out, has at most 330 characters. */
#define NUMBER_MAX_LENGTH 1000

/* A walk through an object. */
typedef struct Walk
{
	const char *skip;
	int64 size;
	int depth;
	JsonbValue member; /* of the object itself: the key that the walk is below */
} Walk;

/* The length of a string as JSON: see escape_json(). */
static int64
string_size(const char *bytes, int length)
{
	int64 size = length + 2;

	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) bytes[i];

		if (c == '"' || c == '\\' || (c < ' ' && strchr("\b\f\n\r\t", c) != NULL))
			size += 1;
		else if (c < ' ')
			size += 5;
	}
	return size;
}

static void
number_too_long(const Walk *walk)
{
	ereport(ERROR,
	        (errcode(ERRCODE_NACHET_BAD_DATA), errmsg("data has a number that is too long"),
	         errdetail("\"%s\" is or contains a number of more than %d characters.",
	                   nachet_shown(walk->member.val.string.val, walk->member.val.string.len),
	                   NUMBER_MAX_LENGTH)));
}

static int64
number_size(const Walk *walk, Numeric number)
{
	char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	size_t size = strlen(digits);

	pfree(digits);
	if (size > NUMBER_MAX_LENGTH)
		number_too_long(walk);
	return (int64) size;
}

static int64
scalar_size(const Walk *walk, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return string_size(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return number_size(walk, value->val.numeric);
		case jbvBool:
			return value->val.boolean ? strlen("true") : strlen("false");
		default:
			return strlen("null");
	}
}

/* The brackets of a container, and the comma and blank between its elements. */
static int64
container_size(int64 elements)
{
	return 2 + (elements > 1 ? 2 * (elements - 1) : 0);
}

/* Takes one step's part into account; true if the value that follows is to be skipped. */
static bool
take(Walk *walk, JsonbIteratorToken token, const JsonbValue *value)
{
	switch (token)
	{
		case WJB_BEGIN_OBJECT:
			walk->depth++;
			walk->size += container_size(value->val.object.nPairs);
			break;
		case WJB_BEGIN_ARRAY:
			walk->depth++;
			walk->size += container_size(value->val.array.nElems);
			break;
		case WJB_END_OBJECT:
		case WJB_END_ARRAY:
			walk->depth--;
			break;
		case WJB_KEY:
			walk->size += scalar_size(walk, value) + 2;
			if (walk->depth == 1)
				walk->member = *value;
			return walk->depth == 1 && walk->skip != NULL &&
			       value->val.string.len == (int) strlen(walk->skip) &&
			       memcmp(value->val.string.val, walk->skip, value->val.string.len) == 0;
		default:
			walk->size += scalar_size(walk, value);
			break;
	}
	return false;
}

int
nachet_json_size(Jsonb *object, const char *skip)
{
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue value;
	Walk walk = {.skip = skip};

	Assert(JB_ROOT_IS_OBJECT(object));
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (take(&walk, token, &value))
			(void) JsonbIteratorNext(&iterator, &value, true);
		if (walk.size > NACHET_DATA_MAX_BYTES)
			ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("data is too large"),
			                errdetail("Data may have up to %d bytes as JSON, not counting the "
			                          "pictures of a manifest.",
			                          NACHET_DATA_MAX_BYTES)));
	}
	return (int) walk.size;
}
