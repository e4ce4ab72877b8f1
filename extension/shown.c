/*
 * extension/shown.c
 *		Values as messages show them: short, on one line.
 *
 * Clients choose these values. Nothing here takes more memory than one number printed whole, which
 * has at most some 147,000 digits.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "shown.h"

/* The bytes that are shown of a string, and of a number. */
#define STRING_SHOWN 200
#define NUMBER_SHOWN 60

void
nachet_shown_append(StringInfo out, const char *bytes, int length)
{
	int shown = pg_mbcliplen(bytes, length, STRING_SHOWN);

	for (int i = 0; i < shown; i++)
		appendStringInfoChar(out,
		                     (unsigned char) bytes[i] < ' ' || bytes[i] == 0x7f ? '?' : bytes[i]);
	if (shown < length)
		appendStringInfoString(out, "...");
}

char *
nachet_shown(const char *bytes, int length)
{
	StringInfoData out;

	initStringInfo(&out);
	nachet_shown_append(&out, bytes, length);
	return out.data;
}

static void
append_json_string(StringInfo out, const char *bytes, int length)
{
	int shown = pg_mbcliplen(bytes, length, STRING_SHOWN);

	escape_json(out, pnstrdup(bytes, shown));
	if (shown < length)
		appendStringInfoString(out, "...");
}

static void
append_number(StringInfo out, Numeric number)
{
	char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));

	if (strlen(digits) > NUMBER_SHOWN)
		strcpy(digits + NUMBER_SHOWN, "...");
	appendStringInfoString(out, digits);
	pfree(digits);
}

char *
nachet_shown_json(const JsonbValue *value)
{
	StringInfoData out;

	initStringInfo(&out);
	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(&out, "null");
			break;
		case jbvBool:
			appendStringInfoString(&out, value->val.boolean ? "true" : "false");
			break;
		case jbvString:
			append_json_string(&out, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			append_number(&out, value->val.numeric);
			break;
		default:
			appendStringInfoString(&out, value->type == jbvBinary &&
			                                     JsonContainerIsArray(value->val.binary.data)
			                                 ? "an array"
			                                 : "an object");
			break;
	}
	return out.data;
}
