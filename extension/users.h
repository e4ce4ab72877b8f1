/*
 * extension/users.h
 *		Who may import.
 */
#ifndef NACHET_USERS_H
#define NACHET_USERS_H

/*
 * The id of the user with this e-mail address, compared without case; NULL in *isnull where there is
 * none. Needs an SPI connection; the result outlives it.
 */
extern Datum nachet_user_find(Datum email, bool *isnull);

/* Raises NC001. */
extern void nachet_user_not_registered(const char *who) pg_attribute_noreturn();

#endif
