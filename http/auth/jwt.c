/*
 * http/auth/jwt.c
 *		JSON Web Tokens (RFC 7519): the one that a request carries, and what a valid one says.
 *
 * The signature comes first: nothing that the token says is believed before it, and its header's
 * algorithm is only compared with that of the key that was found. What nachet_jwt_describe reads of
 * a refused token is for the log alone.
 *
 * There is a library for tokens, and it is not used: the versions that Debian has choose the
 * algorithm by the token, check no times, compare HMACs byte by byte in some, and can't reach a
 * claim within a claim. What is left of the work are the two verifications of libcrypto and the
 * reading of claims by jansson.
 *
 * A request says who it is from once. If a cookie comes twice, one of them may have been planted
 * from a neighbouring domain, and there is no telling which: neither is taken.
 */
#include <string.h>
#include <strings.h>
#include <jansson.h>

#include "pure/names.h"
#include "http/auth/jwt.h"
#include "http/auth/jwt_keys.h"
#include "http/request/head.h"

#define TEXT_OF(token)   #token
#define NUMBER_OF(macro) TEXT_OF(macro)

#define MALFORMED "The token is malformed."
#define TOO_LONG  "The token is longer than " NUMBER_OF(NACHET_JWT_BYTES) " bytes."

/* The maximum of objects and lists of a part: jansson recurses, on a request's small stack. */
#define BRACKETS_MAX 512

/* No key that OpenSSL takes makes a longer signature: 16,384 bits are 2,731 characters. */
#define SIGNATURE_TEXT_BYTES 4096

/* The bytes of a refused token's claims that the log shows. */
#define CLAIM_SHOWN 100

/* An address's maximum (RFC 5321, 4.5.3.1.3, without its angle brackets). */
#define EMAIL_BYTES 254

/*
 * Each sequence of bytes has exactly one text that is taken, so that a token can't be varied
 * without its signature telling.
 */
bool
nachet_jwt_decode(const char *text, size_t length, unsigned char *bytes, size_t *count)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned held = 0; /* bits that make no whole byte yet */

	*count = 0;
	if (length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		const char *digit = memchr(digits, text[i], sizeof(digits) - 1);

		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t) (digit - digits);
		held += 6;
		if (held >= 8)
		{
			held -= 8;
			bytes[(*count)++] = (unsigned char) (bits >> held);
			bits &= (1u << held) - 1;
		}
	}
	return bits == 0;
}

/* Blanks and commas are refused: two values that someone on the way has joined look like that. */
bool
nachet_jwt_email_valid(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > EMAIL_BYTES || !nachet_utf8_valid(text, length))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) text[i];

		if (byte <= 0x20 || byte == 0x7f || byte == ',' || byte == ';')
			return false;
	}
	return true;
}

/* A part of a token: text between dots. */
typedef struct Part
{
	const char *text;
	size_t length;
} Part;

static bool
split(const char *token, size_t length, Part parts[3])
{
	const char *end = token + length;

	for (int i = 0; i < 3; i++)
	{
		const char *dot = memchr(token, '.', (size_t) (end - token));

		if ((dot == NULL) != (i == 2))
			return false;
		parts[i].text = token;
		parts[i].length = (size_t) ((dot != NULL ? dot : end) - token);
		token = dot != NULL ? dot + 1 : end;
	}
	return true;
}

/* The algorithm of the key that signed the token, or NULL. */
static const char *
verify(const NachetJwtKeys *keys, const Part parts[3])
{
	unsigned char signature[NACHET_JWT_DECODED_BYTES(SIGNATURE_TEXT_BYTES)];
	size_t signature_length;

	if (parts[2].length > SIGNATURE_TEXT_BYTES ||
	    !nachet_jwt_decode(parts[2].text, parts[2].length, signature, &signature_length))
		return NULL;
	return nachet_jwt_keys_verify(keys, parts[0].text,
	                              (size_t) (parts[1].text + parts[1].length - parts[0].text),
	                              signature, signature_length);
}

static bool
has_few_brackets(const unsigned char *bytes, size_t length)
{
	int count = 0;

	for (size_t i = 0; i < length; i++)
		count += bytes[i] == '[' || bytes[i] == '{';
	return count <= BRACKETS_MAX;
}

/* The JSON object that a part holds; NULL if it holds none. */
static json_t *
parse(const Part *part)
{
	unsigned char bytes[NACHET_JWT_DECODED_BYTES(NACHET_JWT_BYTES)];
	size_t length;
	json_t *json;

	if (!nachet_jwt_decode(part->text, part->length, bytes, &length) ||
	    !has_few_brackets(bytes, length))
		return NULL;
	json = json_loadb((const char *) bytes, length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static bool
is_text(const json_t *json, const char *text)
{
	return json_is_string(json) && strcmp(json_string_value(json), text) == 0;
}

static const char *
check_header(const json_t *header, const char *algorithm)
{
	if (!is_text(json_object_get(header, "alg"), algorithm))
		return "The token's algorithm does not match its key.";
	if (json_object_get(header, "crit") != NULL)
		return "The token has unsupported extensions.";
	return NULL;
}

static const char *
check_times(const json_t *claims, const NachetJwtRules *rules, time_t now)
{
	const json_t *expires = json_object_get(claims, "exp");
	const json_t *begins = json_object_get(claims, "nbf");
	double leeway = (double) rules->leeway;

	if (!json_is_number(expires))
		return "The token has no valid expiry time (exp).";
	if ((double) now >= json_number_value(expires) + leeway)
		return "The token has expired.";
	if (begins != NULL && !json_is_number(begins))
		return "The token has an invalid start time (nbf).";
	if (begins != NULL && (double) now < json_number_value(begins) - leeway)
		return "The token is not valid yet.";
	return NULL;
}

/* A token may name several audiences, and must then be refused by who is none of them. */
static bool
is_audience(const json_t *audience, const char *expected)
{
	size_t count = json_array_size(audience);

	if (audience == NULL || expected == NULL)
		return audience == NULL && expected == NULL;
	for (size_t i = 0; i < count; i++)
	{
		if (is_text(json_array_get(audience, i), expected))
			return true;
	}
	return is_text(audience, expected);
}

static const char *
check_parties(const json_t *claims, const NachetJwtRules *rules)
{
	if (rules->issuer != NULL && !is_text(json_object_get(claims, "iss"), rules->issuer))
		return "The token's issuer is not trusted.";
	if (!is_audience(json_object_get(claims, "aud"), rules->audience))
		return "The token is not for this service.";
	return NULL;
}

/*
 * The object that holds what a path leads to; *name becomes the last name on it. Names may
 * themselves hold dots, as those that are URIs do: the whole of what is left is tried before it is
 * taken apart.
 */
static const json_t *
find_holder(const json_t *object, const char *path, const char **name)
{
	char first[256];

	while (json_is_object(object) && json_object_get(object, path) == NULL)
	{
		const char *dot = strchr(path, '.');

		if (dot == NULL || (size_t) (dot - path) >= sizeof(first))
			return NULL;
		memcpy(first, path, (size_t) (dot - path));
		first[dot - path] = '\0';
		object = json_object_get(object, first);
		path = dot + 1;
	}
	*name = path;
	return json_is_object(object) ? object : NULL;
}

/* An identity provider that does not say yes here has let its user write any address. */
static bool
is_unverified(const json_t *holder)
{
	const json_t *verified = json_object_get(holder, "email_verified");

	return verified != NULL && !json_is_true(verified) && !is_text(verified, "true");
}

static const char *
read_email(const json_t *claims, const NachetJwtRules *rules, char **email)
{
	const char *name;
	const json_t *holder = find_holder(claims, rules->claim, &name);
	const char *text = holder != NULL ? json_string_value(json_object_get(holder, name)) : NULL;

	if (text == NULL)
		return "The token has no e-mail address in the expected claim.";
	if (!nachet_jwt_email_valid(text))
		return "The token's e-mail address is invalid.";
	if (is_unverified(holder))
		return "The token's e-mail address was not verified by its issuer.";
	*email = strdup(text);
	return *email != NULL ? NULL : "Out of memory.";
}

const char *
nachet_jwt_read(const NachetJwtKeys *keys, const NachetJwtRules *rules, const char *token,
                size_t length, time_t now, char **email)
{
	Part parts[3];
	const char *algorithm;
	const char *flaw = NULL;
	json_t *header;
	json_t *claims;

	if (length > NACHET_JWT_BYTES)
		return TOO_LONG;
	if (!split(token, length, parts))
		return MALFORMED;
	algorithm = verify(keys, parts);
	if (algorithm == NULL)
		return "The token's signature is not from a trusted key.";
	header = parse(&parts[0]);
	claims = parse(&parts[1]);
	if (header == NULL || claims == NULL)
		flaw = MALFORMED;
	if (flaw == NULL)
		flaw = check_header(header, algorithm);
	if (flaw == NULL)
		flaw = check_times(claims, rules, now);
	if (flaw == NULL)
		flaw = check_parties(claims, rules);
	if (flaw == NULL)
		flaw = read_email(claims, rules, email);
	json_decref(header);
	json_decref(claims);
	return flaw;
}

static void
add_claim(NachetText *text, const char *name, const json_t *object)
{
	const char *value = json_string_value(json_object_get(object, name));

	if (value == NULL)
		return;
	nachet_text_format(text, " %s=", name);
	nachet_text_token(text, value, nachet_text_kept(value, strlen(value), CLAIM_SHOWN));
}

void
nachet_jwt_describe(const char *token, size_t length, NachetText *text)
{
	Part parts[3];
	json_t *header;
	json_t *claims;

	if (length > NACHET_JWT_BYTES || !split(token, length, parts))
		return;
	header = parse(&parts[0]);
	claims = parse(&parts[1]);
	add_claim(text, "kid", header);
	add_claim(text, "iss", claims);
	json_decref(header);
	json_decref(claims);
}

/* --- where a request carries one -------------------------------------------------------------- */

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
nachet_jwt_find(const NachetHeaders *headers, const char *cookie, NachetToken *token)
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
