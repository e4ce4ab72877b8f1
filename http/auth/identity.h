/*
 * http/auth/identity.h
 *		What may be handed to the datastore as an authenticated user's e-mail address.
 */
#ifndef NACHET_HTTP_IDENTITY_H
#define NACHET_HTTP_IDENTITY_H

#include <stdbool.h>

/* The most bytes of an address (RFC 5321, section 4.5.3.1.3, without its angle brackets). */
#define NACHET_IDENTITY_BYTES 254

/* Whether this can be one address. Whose it is, and whether it is registered, the datastore decides. */
extern bool nachet_identity_valid(const char *text);

#endif
