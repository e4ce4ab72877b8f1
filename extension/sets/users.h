#ifndef NACHET_SETS_USERS_H
#define NACHET_SETS_USERS_H

#include "compat.h"

/*
 * The id of the user with this e-mail address, compared without case; NULL in *isnull if there
 * is none. Needs an SPI connection; the result outlives it.
 */
extern Datum nachet_users_find(Datum email, bool *isnull);

/* Raises NC001. */
pg_noreturn extern void nachet_users_not_registered(const char *who);

#endif
