/*
 * extension/sets/flaws.h
 *		A list of what is wrong, for an error's detail, up to a bound.
 */
#ifndef NACHET_FLAWS_H
#define NACHET_FLAWS_H

#include "lib/stringinfo.h"

/* Flaws that a detail spells out; the rest is counted. */
#define NACHET_FLAWS_SHOWN 100

typedef struct NachetFlaws
{
	int count;
	StringInfoData lines;
} NachetFlaws;

extern void nachet_flaws_init(NachetFlaws *flaws);

/* Adds "name: reason"; a name that is no valid text, or very long, is shown as far as it can be. */
extern void nachet_flaws_add(NachetFlaws *flaws, const char *name, int length, const char *reason);

/* The lines, and how many more there are. */
extern char *nachet_flaws_text(const NachetFlaws *flaws);

#endif
