/*
 * http/auth/token.c
 *		The token that a request carries: in its Authorization header (RFC 6750), or in a cookie
 *		(RFC 6265).
 *
 * A request says who it is from once. If a cookie comes twice, one of them may have been planted
 * from a neighbouring domain, and there is no telling which: neither is taken.
 */
#include <string.h>
#include <strings.h>

#include "http/auth/token.h"
#include "http/request/headers.h"

#define BLANKS " \t"

/* The credentials of the scheme Bearer; false if the header is of another scheme. */
static bool
read_bearer(const char *header, NachetToken *token)
{
	static const char scheme[] = "Bearer";

	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return false;
	header += sizeof(scheme) - 1;
	if (*header != ' ')
		return false;
	token->text = header + strspn(header, " ");
	token->length = strlen(token->text);
	return true;
}

/* How often the cookie of this name comes; the token becomes the last one's value. */
static int
read_cookies(const char *header, const char *name, NachetToken *token)
{
	size_t name_length = strlen(name);
	int count = 0;

	while (*header != '\0')
	{
		size_t length;

		header += strspn(header, BLANKS);
		length = strcspn(header, ";");
		if (length > name_length && strncmp(header, name, name_length) == 0 &&
		    header[name_length] == '=')
		{
			token->text = header + name_length + 1;
			token->length = length - name_length - 1;
			while (token->length > 0 && strchr(BLANKS, token->text[token->length - 1]) != NULL)
				token->length--;
			count++;
		}
		header += length;
		header += *header == ';';
	}
	return count;
}

NachetTokenOutcome
nachet_token_find(const NachetHeaders *headers, const char *cookie, NachetToken *token)
{
	const char *authorization = headers->value[NACHET_HEADER_AUTHORIZATION];
	const char *cookies = headers->value[NACHET_HEADER_COOKIE];
	NachetToken from_cookie;
	int count = cookie != NULL && cookies != NULL ? read_cookies(cookies, cookie, &from_cookie) : 0;

	if (count > 1)
		return NACHET_TOKEN_AMBIGUOUS;
	if (authorization == NULL)
	{
		if (count == 1)
			*token = from_cookie;
		return count == 1 ? NACHET_TOKEN_COOKIE : NACHET_TOKEN_NONE;
	}
	if (!read_bearer(authorization, token))
		return NACHET_TOKEN_OTHER_SCHEME;
	if (count == 1 && (from_cookie.length != token->length ||
	                   memcmp(from_cookie.text, token->text, token->length) != 0))
		return NACHET_TOKEN_AMBIGUOUS;
	return NACHET_TOKEN_HEADER;
}
