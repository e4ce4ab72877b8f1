/*
 * extension/sets/name_form.c
 *		Names as people read them: Unicode's form, letters' case and blanks aside.
 *
 * A database of the extension has the encoding UTF8 (CREATE EXTENSION refuses others), and
 * PostgreSQL lets no invalid text in: every text here is valid UTF-8.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "compat.h"
#include "pure/characters.h"
#include "sets/name_form.h"

static bool
is_ascii(const text *value)
{
	const unsigned char *bytes = (const unsigned char *) VARDATA_ANY(value);
	size_t length = VARSIZE_ANY_EXHDR(value);

	for (size_t i = 0; i < length; i++)
		if (bytes[i] >= 0x80)
			return false;
	return true;
}

text *
nachet_name_form_nfc(text *value)
{
	if (is_ascii(value))
		return value;
	return DatumGetTextPP(DirectFunctionCall2(unicode_normalize_func, PointerGetDatum(value),
	                                          CStringGetTextDatum("NFC")));
}

/* The form by which names are compared, in some respects (NACHET_KEY_...) alone. */
static text *
key_of(text *name, int what)
{
	text *normal = nachet_name_form_nfc(name);
	size_t length = VARSIZE_ANY_EXHDR(normal);
	text *key = palloc(VARHDRSZ + length);

	SET_VARSIZE(key, VARHDRSZ + nachet_name_key(VARDATA_ANY(normal), length, what, VARDATA(key)));
	return nachet_name_form_nfc(key);
}

text *
nachet_name_form_key(text *name)
{
	return key_of(name, NACHET_KEY_CASE | NACHET_KEY_BLANKS);
}

bool
nachet_name_form_equal(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
	       memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static void
append_difference(StringInfo differences, const char *what)
{
	if (differences->len > 0)
		appendStringInfoString(differences, " and ");
	appendStringInfoString(differences, what);
}

char *
nachet_name_form_difference(text *a, text *b)
{
	StringInfoData differences;

	initStringInfo(&differences);
	/* Equal once case, say, is left as it is: then they do not differ in it. */
	if (!nachet_name_form_equal(key_of(a, NACHET_KEY_BLANKS), key_of(b, NACHET_KEY_BLANKS)))
		append_difference(&differences, "case");
	if (!nachet_name_form_equal(key_of(a, NACHET_KEY_CASE), key_of(b, NACHET_KEY_CASE)))
		append_difference(&differences, "blanks");
	if (nachet_name_form_equal(nachet_name_form_nfc(a), a) !=
	    nachet_name_form_equal(nachet_name_form_nfc(b), b))
		append_difference(&differences, "Unicode form");
	return differences.data;
}
