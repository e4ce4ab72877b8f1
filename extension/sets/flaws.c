/*
 * extension/sets/flaws.c
 *		A list of what is wrong, for an error's detail, up to a bound.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "sets/flaws.h"
#include "shown.h"

void
nachet_flaws_init(NachetFlaws *flaws)
{
	flaws->count = 0;
	initStringInfo(&flaws->lines);
}

void
nachet_flaws_add(NachetFlaws *flaws, const char *name, int length, const char *reason)
{
	if (flaws->count++ >= NACHET_FLAWS_SHOWN)
		return;
	if (flaws->lines.len > 0)
		appendStringInfoChar(&flaws->lines, '\n');
	nachet_shown_append(&flaws->lines, name, length);
	appendStringInfo(&flaws->lines, ": %s", reason);
}

char *
nachet_flaws_text(const NachetFlaws *flaws)
{
	if (flaws->count > NACHET_FLAWS_SHOWN)
		return psprintf("%s\nand %d more", flaws->lines.data, flaws->count - NACHET_FLAWS_SHOWN);
	return flaws->lines.data;
}
