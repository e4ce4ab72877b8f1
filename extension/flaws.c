/*
 * extension/flaws.c
 *		A list of what is wrong, for an error's detail, up to a bound.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "flaws.h"

/* The bytes of a name that a line shows. */
#define NAME_SHOWN 200

void
nachet_flaws_init(NachetFlaws *flaws)
{
	flaws->count = 0;
	initStringInfo(&flaws->lines);
}

void
nachet_flaws_add(NachetFlaws *flaws, const char *name, int length, const char *reason)
{
	int shown = pg_mbcliplen(name, length, NAME_SHOWN);

	if (flaws->count++ >= NACHET_FLAWS_SHOWN)
		return;
	if (flaws->lines.len > 0)
		appendStringInfoChar(&flaws->lines, '\n');
	for (int i = 0; i < shown; i++)
		appendStringInfoChar(&flaws->lines,
		                     (unsigned char) name[i] < ' ' || name[i] == 0x7f ? '?' : name[i]);
	if (shown < length)
		appendStringInfoString(&flaws->lines, "...");
	appendStringInfo(&flaws->lines, ": %s", reason);
}

char *
nachet_flaws_text(const NachetFlaws *flaws)
{
	if (flaws->count > NACHET_FLAWS_SHOWN)
		return psprintf("%s\nand %d more", flaws->lines.data, flaws->count - NACHET_FLAWS_SHOWN);
	return flaws->lines.data;
}
