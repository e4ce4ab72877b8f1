/*
 * extension/sets/flaws.c
 *		A list of pictures that are refused, up to a bound: for an error's detail, and for programs.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "pure/names.h"
#include "sets/flaws.h"
#include "shown.h"

void
nachet_flaws_init(NachetFlaws *flaws)
{
	flaws->count = 0;
}

/* Programs compare names, so that one is kept whole unless it is longer than any that is good. */
static Datum
kept_name(const char *name, int length)
{
	int kept = pg_mbcliplen(name, length, NACHET_NAME_MAX_BYTES);

	if (kept < length)
		return CStringGetTextDatum(psprintf("%.*s...", kept, name));
	return PointerGetDatum(cstring_to_text_with_len(name, length));
}

void
nachet_flaws_add(NachetFlaws *flaws, const char *name, int length, const char *reason,
                 const char *code)
{
	int place = flaws->count++;

	if (place >= NACHET_FLAWS_SHOWN)
		return;
	flaws->names[place] = kept_name(name, length);
	flaws->reasons[place] = CStringGetTextDatum(reason);
	flaws->codes[place] = CStringGetTextDatum(code);
}

int
nachet_flaws_listed(const NachetFlaws *flaws)
{
	return Min(flaws->count, NACHET_FLAWS_SHOWN);
}

char *
nachet_flaws_text(const NachetFlaws *flaws)
{
	StringInfoData lines;

	initStringInfo(&lines);
	for (int i = 0; i < nachet_flaws_listed(flaws); i++)
	{
		text *name = DatumGetTextPP(flaws->names[i]);

		if (i > 0)
			appendStringInfoChar(&lines, '\n');
		nachet_shown_append(&lines, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
		appendStringInfo(&lines, ": %s", TextDatumGetCString(flaws->reasons[i]));
	}
	if (flaws->count > NACHET_FLAWS_SHOWN)
		appendStringInfo(&lines, "\nand %d more", flaws->count - NACHET_FLAWS_SHOWN);
	return lines.data;
}
