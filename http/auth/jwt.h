/*
 * http/auth/jwt.h
 *		What a JSON Web Token says (RFC 7519), once its signature is known to be right.
 */
#ifndef NACHET_HTTP_JWT_H
#define NACHET_HTTP_JWT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "http/auth/jwt_keys.h"
#include "loader/client/text.h"

/* Longer tokens are refused unread. Those of people in hundreds of groups have 10 kB. */
#define NACHET_JWT_BYTES 32768

typedef struct NachetJwtRules
{
	const char
	    *claim; /* where the e-mail address is: names from the outermost on, parted by dots */
	const char *issuer;   /* NULL: any */
	const char *audience; /* NULL: none, so that a token for someone in particular is refused */
	uint64_t leeway;      /* seconds that clocks may differ */
} NachetJwtRules;

/*
 * Whom the token authenticates. Returns NULL, and *email is the caller's to free; or why the token is
 * refused, as a full sentence of plain ASCII that holds nothing of it.
 */
extern const char *nachet_jwt_read(const NachetJwtKeys *keys, const NachetJwtRules *rules,
                                   const char *token, size_t length, time_t now, char **email)
    __attribute__((warn_unused_result));

/*
 * Adds " kid=ID iss=ISSUER" to a text, as far as a token has them, cut and escaped: for the log, to
 * tell an issuer's new key from a forgery. Nothing of it is verified.
 */
extern void nachet_jwt_describe(const char *token, size_t length, NachetText *text);

#endif
