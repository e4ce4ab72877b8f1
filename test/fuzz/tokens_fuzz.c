/*
 * test/fuzz/tokens_fuzz.c
 *		Tokens: base64url has one text for each value, cookies are found where a plain reading finds them, and what
 *		a signed token gets in with holds.
 *
 * Input: header and claims as JSON, the claim's path, a Cookie header, an Authorization header, each up to a NUL. Every
 * signature is right here: the library that checks it is not what is tried.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "http/auth/jwt.h"
#include "http/request/head.h"
#include "fuzz.h"

#define COOKIE "token"
#define NOW    1000000

const char *
nachet_jwt_keys_verify(const NachetJwtKeys *keys, const char *text, size_t text_length,
                       const unsigned char *signature, size_t signature_length)
{
	(void) keys;
	CLAIM(memchr(text, '.', text_length) != NULL && memchr(text, '\0', text_length) == NULL);
	return signature_length == 3 && memcmp(signature, "\0\1\2", 3) == 0 ? "HS256" : NULL;
}

/* Adds base64url to a text; returns its new end. */
static char *
encode(char *to, const char *bytes, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t at = 0; at < size; at += 3)
	{
		size_t left = size - at;
		uint32_t bits = (uint32_t) (uint8_t) bytes[at] << 16;

		bits |= left > 1 ? (uint32_t) (uint8_t) bytes[at + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t) (uint8_t) bytes[at + 2] : 0;
		for (size_t i = 0; i < (left < 3 ? left + 1 : 4); i++)
			*to++ = digits[bits >> (18 - 6 * i) & 63];
	}
	return to;
}

/* What is decoded encodes to the same text, and what was encoded decodes to the same bytes. */
static void
check_base64url(const char *text, size_t size)
{
	unsigned char *bytes = malloc(NACHET_JWT_DECODED_BYTES(2 * size + 4));
	char *back = malloc(2 * size + 4);
	size_t count;

	CLAIM(bytes != NULL && back != NULL);
	if (nachet_jwt_decode(text, size, bytes, &count))
		CLAIM(encode(back, (const char *) bytes, count) == back + size &&
		      memcmp(back, text, size) == 0);
	CLAIM(nachet_jwt_decode(back, (size_t) (encode(back, text, size) - back), bytes, &count));
	CLAIM(count == size && memcmp(bytes, text, size) == 0);
	free(bytes);
	free(back);
}

/* How often the cookie comes, by cutting a copy at each semicolon; *value becomes the last one's, which the caller frees. */
static int
count_cookies(const char *header, char **value)
{
	char *copy = strdup(header);
	char *rest = copy;
	int count = 0;

	CLAIM(copy != NULL);
	*value = NULL;
	while (rest != NULL)
	{
		char *pair = strsep(&rest, ";");

		pair += strspn(pair, " \t");
		for (size_t end = strlen(pair); end > 0 && strchr(" \t", pair[end - 1]) != NULL; end--)
			pair[end - 1] = '\0';
		if (strncmp(pair, COOKIE "=", sizeof(COOKIE)) != 0)
			continue;
		free(*value);
		*value = strdup(pair + sizeof(COOKIE));
		CLAIM(*value != NULL);
		count++;
	}
	free(copy);
	return count;
}

/* authorization is NULL where there is no such header. */
static void
check_headers(const char *cookies, const char *authorization)
{
	NachetHeaders headers = {
	    .value = {[NACHET_HEADER_COOKIE] = cookies, [NACHET_HEADER_AUTHORIZATION] = authorization}};
	char *value;
	int count = count_cookies(cookies, &value);
	const char *bearer = NULL;
	const char *expected;
	NachetToken token;
	NachetTokenOutcome outcome = nachet_jwt_find(&headers, COOKIE, &token);

	if (authorization != NULL && strncasecmp(authorization, "bearer ", 7) == 0)
		bearer = authorization + 6 + strspn(authorization + 6, " ");
	if (count > 1 || (count == 1 && bearer != NULL && strcmp(value, bearer) != 0))
		CLAIM(outcome == NACHET_TOKEN_AMBIGUOUS);
	else if (authorization != NULL)
		CLAIM(outcome == (bearer != NULL ? NACHET_TOKEN_HEADER : NACHET_TOKEN_OTHER_SCHEME));
	else
		CLAIM(outcome == (count == 1 ? NACHET_TOKEN_COOKIE : NACHET_TOKEN_NONE));
	expected = bearer != NULL ? bearer : value;
	if (outcome == NACHET_TOKEN_HEADER || outcome == NACHET_TOKEN_COOKIE)
		CLAIM(token.length == strlen(expected) && memcmp(token.text, expected, token.length) == 0);
	free(value);
}

/* What the log has of a token is short, on one line, and tells two claims at most. */
static void
check_description(const char *token, size_t length)
{
	NachetText text = {0};
	int blanks = 0;

	nachet_jwt_describe(token, length, &text);
	CLAIM(text.length <= 2 * (5 + 4 * 100));
	for (size_t i = 0; i < text.length; i++)
	{
		CLAIM((unsigned char) text.bytes[i] >= 0x20 && text.bytes[i] != '"');
		blanks += text.bytes[i] == ' ';
	}
	CLAIM(blanks <= 2);
	nachet_text_free(&text);
}

static void
check_claims(const char *header, const char *claims, const char *path)
{
	const NachetJwtRules rules = {.claim = path, .leeway = 30};
	char *token = malloc(2 * (strlen(header) + strlen(claims)) + 16);
	char *end = token;
	char *email = NULL;
	const char *flaw;

	CLAIM(token != NULL);
	end = encode(end, header, strlen(header));
	*end++ = '.';
	end = encode(end, claims, strlen(claims));
	*end++ = '.';
	end = encode(end, "\0\1\2", 3);
	flaw = nachet_jwt_read(NULL, &rules, token, (size_t) (end - token), NOW, &email);
	CLAIM((flaw == NULL) == (email != NULL));
	if (flaw == NULL)
		CLAIM(nachet_jwt_email_valid(email) && strstr(header, "HS256") != NULL &&
		      strstr(claims, "exp") != NULL);
	free(email);
	check_description(token, (size_t) (end - token));
	/* Cut anywhere, it is none; read as long as it is, and not further. */
	CLAIM(nachet_jwt_read(NULL, &rules, token, (size_t) (end - token) - 1, NOW, &email) != NULL);
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char *text[5];

	check_base64url((const char *) bytes, size);
	for (int i = 0; i < 5; i++)
		text[i] = fuzz_text(&at, bytes + size);
	check_claims(text[0], text[1], text[2]);
	check_headers(text[3], *text[4] != '\0' ? text[4] : NULL);
	for (int i = 0; i < 5; i++)
		free(text[i]);
	return 0;
}
