#ifndef NACHET_SETS_FLAWS_H
#define NACHET_SETS_FLAWS_H

/* Flaws that are listed; the rest is counted. */
#define NACHET_FLAWS_SHOWN 100

typedef struct NachetFlaws
{
	int count;                       /* of all flaws */
	Datum names[NACHET_FLAWS_SHOWN]; /* text, as are the others; of those that are listed */
	Datum reasons[NACHET_FLAWS_SHOWN];
	Datum codes[NACHET_FLAWS_SHOWN];
} NachetFlaws;

extern void nachet_flaws_init(NachetFlaws *flaws);

/*
 * Adds a picture by its name, which is in the server's encoding, why it is refused, and the same as
 * a token (nachet_picture_code, nachet_name_flaw_code).
 */
extern void nachet_flaws_add(NachetFlaws *flaws, const char *name, int length, const char *reason,
                             const char *code);

/* How many are listed. */
extern int nachet_flaws_listed(const NachetFlaws *flaws);

/* The lines "name: reason", names shortened, and how many more there are. */
extern char *nachet_flaws_text(const NachetFlaws *flaws);

#endif
