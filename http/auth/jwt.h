#ifndef NACHET_HTTP_JWT_H
#define NACHET_HTTP_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "loader/client/text.h"

/* Longer tokens are refused unread. Those of people in hundreds of groups have 10 kB. */
#define NACHET_JWT_BYTES 32768

typedef struct NachetHeaders NachetHeaders;
typedef struct NachetJwtKeys NachetJwtKeys;

typedef struct NachetJwtRules
{
	/* Where the e-mail address is: names from the outermost on, separated by dots. */
	const char *claim;
	const char *issuer;   /* NULL: any */
	const char *audience; /* NULL: none, so that a token for someone in particular is refused */
	uint64_t leeway;      /* seconds that clocks may differ */
} NachetJwtRules;

/* The maximum of bytes that so many characters of base64url stand for. */
#define NACHET_JWT_DECODED_BYTES(length) ((length) / 4 * 3 + 2)

/*
 * Decodes base64url without padding (RFC 7515, section 2): fills bytes, which has room for
 * NACHET_JWT_DECODED_BYTES(length), and sets *count. False for text that no encoder writes: another
 * character, padding, a length that stands for no whole bytes, or bits left over.
 */
extern bool nachet_jwt_decode(const char *text, size_t length, unsigned char *bytes, size_t *count)
    __attribute__((warn_unused_result));

/*
 * Whether this can be one e-mail address. Whose it is, and whether it is registered, the datastore
 * decides.
 */
extern bool nachet_jwt_email_valid(const char *text);

/*
 * Whom the token authenticates. Returns NULL, and *email is the caller's to free; or why the token
 * is refused, as a full sentence of plain ASCII that holds nothing of it.
 */
extern const char *nachet_jwt_read(const NachetJwtKeys *keys, const NachetJwtRules *rules,
                                   const char *token, size_t length, time_t now, char **email)
    __attribute__((warn_unused_result));

/*
 * Adds " kid=ID iss=ISSUER" to a text, as far as a token has them, cut and escaped: for the log, to
 * tell an issuer's new key from a forgery. Nothing of it is verified.
 */
extern void nachet_jwt_describe(const char *token, size_t length, NachetText *text);

typedef enum NachetTokenOutcome
{
	NACHET_TOKEN_NONE,
	NACHET_TOKEN_HEADER,
	NACHET_TOKEN_COOKIE,
	NACHET_TOKEN_OTHER_SCHEME, /* Authorization is no Bearer's */
	NACHET_TOKEN_AMBIGUOUS     /* the cookie comes twice, or header and cookie differ */
} NachetTokenOutcome;

typedef struct NachetToken
{
	const char *text; /* within a header's value: ends after length, not with a NUL */
	size_t length;
} NachetToken;

/*
 * The token that a request carries: in its Authorization header (RFC 6750), or in a cookie (RFC
 * 6265). cookie is the name of the cookie that may hold a token; NULL if none may.
 */
extern NachetTokenOutcome nachet_jwt_find(const NachetHeaders *headers, const char *cookie,
                                          NachetToken *token);

#endif
