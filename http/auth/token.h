#ifndef NACHET_HTTP_AUTH_TOKEN_H
#define NACHET_HTTP_AUTH_TOKEN_H

#include <stddef.h>

typedef struct NachetHeaders NachetHeaders;

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

/* cookie is the name of the cookie that may hold a token; NULL if none may. */
extern NachetTokenOutcome nachet_token_find(const NachetHeaders *headers, const char *cookie,
                                            NachetToken *token);

#endif
