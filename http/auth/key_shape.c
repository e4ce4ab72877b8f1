/*
 * http/auth/key_shape.c
 *		The shapes in which issuers publish their keys.
 *
 * A file of one of these shapes is never a secret: whoever takes it for one lets everyone sign in
 * who has read what the issuer publishes. The table errs on the side of refusing: a secret of
 * random bytes or of base64 has none of these shapes, unless it is as long as an RSA key. A lone
 * number of an elliptic curve's key is as long as a good secret, and can't be told from one; nor can
 * an RSA modulus of raw bytes be told from random ones.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "http/auth/key_shape.h"

#define DER_SEQUENCE 0x30

/* --- DER -------------------------------------------------------------------------------------- */

/* The bytes of the element at the front, its head included; 0 if there is no whole one. */
static size_t
element_length(const unsigned char *bytes, size_t length)
{
	size_t head = 2;
	size_t body;

	if (length < head)
		return 0;
	body = bytes[1];
	if (body > 0x80 && body <= 0x84 && length >= head + (body & 0x7f))
	{
		head += body & 0x7f;
		body = 0;
		for (size_t i = 2; i < head; i++)
			body = body << 8 | bytes[i];
	}
	else if (body >= 0x80)
		return 0;
	return body <= length - head ? head + body : 0;
}

/* Whether the bytes are one sequence of whole elements, as every key and certificate in DER is. */
static bool
is_der(const unsigned char *bytes, size_t length)
{
	size_t at = 2 + (length > 1 && bytes[1] > 0x80 ? bytes[1] & 0x7f : 0);
	size_t element = 0;

	while (length > 0 && isspace(bytes[length - 1]) && element_length(bytes, length) < length)
		length--; /* an editor's line end */
	if (length == 0 || bytes[0] != DER_SEQUENCE || element_length(bytes, length) != length)
		return false;
	for (; at < length; at += element)
	{
		element = element_length(bytes + at, length - at);
		if (element == 0)
			return false;
	}
	return element > 0;
}

/* --- text ------------------------------------------------------------------------------------- */

static bool
holds(const unsigned char *bytes, size_t length, const char *text)
{
	return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* A PEM may have words before it. */
static bool
holds_pem(const unsigned char *bytes, size_t length)
{
	return holds(bytes, length, "-----BEGIN ");
}

/*
 * What base64 may stand for: DER, an SSH key (RFC 4253, 6.6: its type's length and name), or PEM.
 */
static bool
is_key(const unsigned char *bytes, size_t length)
{
	return is_der(bytes, length) ||
	       (length > 8 && memcmp(bytes, "\0\0\0", 3) == 0 &&
	        (memcmp(bytes + 4, "ssh-", 4) == 0 || memcmp(bytes + 4, "ecds", 4) == 0)) ||
	       holds_pem(bytes, length);
}

static size_t
skip_blanks(const unsigned char *bytes, size_t length, size_t at)
{
	while (at < length && isspace(bytes[at]))
		at++;
	return at;
}

/* Where the value begins of the key's member that the bytes hold; 0 if they begin with none. */
static size_t
member_value(const unsigned char *bytes, size_t length)
{
	static const char *const names[] = {"\"x5c\"", "\"n\"", "n", "modulus"};
	size_t start = skip_blanks(bytes, length, 0);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		size_t size = strlen(names[i]);
		size_t colon;

		if (length - start < size || memcmp(bytes + start, names[i], size) != 0)
			continue;
		colon = skip_blanks(bytes, length, start + size);
		return colon < length && strchr(":=", bytes[colon]) != NULL ? colon + 1 : 0;
	}
	return 0;
}

/*
 * The digits of base64, those of base64url in their places, without blanks, padding and what JSON
 * puts around them; returns how many there are.
 */
static size_t
copy_digits(const unsigned char *bytes, size_t length, unsigned char *digits)
{
	size_t count = 0;

	for (size_t i = member_value(bytes, length); i < length; i++)
	{
		if (!isspace(bytes[i]) && strchr("=\",'[]", bytes[i]) == NULL)
			digits[count++] = bytes[i] == '-' ? '+' : bytes[i] == '_' ? '/' : bytes[i];
	}
	return count;
}

/* Whether the bytes are base64 of what fits. The copies may be a secret's. */
static bool
is_base64_of(const unsigned char *bytes, size_t length,
             bool (*fits)(const unsigned char *bytes, size_t length))
{
	unsigned char *digits = OPENSSL_malloc(length + 3);
	unsigned char *decoded = OPENSSL_malloc(length + 3);
	size_t count = digits != NULL ? copy_digits(bytes, length, digits) : 0;
	bool is = false;

	if (decoded != NULL && count > 0 && count % 4 != 1)
	{
		size_t padding = (4 - count % 4) % 4;
		int size;

		memset(digits + count, '=', padding);
		size = EVP_DecodeBlock(decoded, digits, (int) (count + padding));
		is = size > (int) padding && fits(decoded, (size_t) size - padding);
	}
	OPENSSL_clear_free(digits, length + 3);
	OPENSSL_clear_free(decoded, length + 3);
	return is;
}

/* A key in base64, as PEM has it between its lines, JWK in "x5c", and some issuers' pages. */
static bool
is_bare_base64(const unsigned char *bytes, size_t length)
{
	return is_base64_of(bytes, length, is_key);
}

/*
 * So does an RSA modulus of 2,048, 3,072 or 4,096 bits look, and one random number in four. Some
 * issuers write a zero before it (RFC 7518, 6.3.1.1).
 */
static bool
is_modulus(const unsigned char *bytes, size_t length)
{
	if (length > 0 && bytes[0] == 0)
	{
		bytes++;
		length--;
	}
	return (length == 256 || length == 384 || length == 512) && (bytes[0] & 0x80) != 0 &&
	       (bytes[length - 1] & 1) != 0;
}

/* The "n" of a JWK. */
static bool
is_bare_modulus(const unsigned char *bytes, size_t length)
{
	return is_base64_of(bytes, length, is_modulus);
}

/* The same number as programs print it: hexadecimal digits, also with colons or in lines. */
static bool
is_hex_modulus(const unsigned char *bytes, size_t length)
{
	unsigned char number[1 + 512] = {0};
	size_t digits = 0;
	bool is = true;

	for (size_t i = member_value(bytes, length); i < length && is; i++)
	{
		int digit = OPENSSL_hexchar2int(bytes[i]);

		if (isspace(bytes[i]) || bytes[i] == ':')
			continue;
		is = digit >= 0 && digits < 2 * sizeof(number);
		if (is)
			number[digits / 2] |= (unsigned char) (digits % 2 == 0 ? digit << 4 : digit);
		digits++;
	}
	is = is && digits % 2 == 0 && is_modulus(number, digits / 2);
	OPENSSL_cleanse(number, sizeof(number));
	return is;
}

/* --- the table -------------------------------------------------------------------------------- */

/* Of UTF-8, or of UTF-16 in either order. */
static bool
has_byte_order_mark(const unsigned char *bytes, size_t length)
{
	return (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) ||
	       (length >= 2 &&
	        (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0));
}

/* A line of known_hosts or authorized_keys has words before the key. */
static bool
holds_ssh_key(const unsigned char *bytes, size_t length)
{
	return holds(bytes, length, "ssh-rsa AAAA") || holds(bytes, length, "ssh-ed25519 AAAA") ||
	       holds(bytes, length, "ecdsa-sha2-nistp");
}

/* The numbers of a key, which are public, as openssl prints them. */
static bool
is_printed_key(const unsigned char *bytes, size_t length)
{
	return holds(bytes, length, "Modulus") || holds(bytes, length, "Public-Key:") ||
	       holds(bytes, length, "Public Key Algorithm:") || holds(bytes, length, "Fingerprint=");
}

#define JSON_ADVICE                                                                                \
	"give --jwt-key its RSA keys in PEM (base64 -d | openssl x509 -inform DER -pubkey -noout "     \
	"prints that of an entry of \"x5c\")"
#define MODULUS "what may be the number of an RSA key, as \"n\" of JWK is"
#define MODULUS_ADVICE                                                                             \
	"give --jwt-key the key itself in PEM; a secret of another length, such as openssl rand "      \
	"-base64 32 prints, can't be taken for one"
#define SSH_ADVICE "give --jwt-key what ssh-keygen -e -m PKCS8 -f FILE prints"

/*
 * A row is known by how the bytes begin, after blanks, or by a function. The first that fits
 * counts.
 */
static const struct
{
	const char *begins;
	bool (*fits)(const unsigned char *bytes, size_t length);
	NachetKeyShape shape;
} rows[] = {
    {NULL, has_byte_order_mark, {"text with a byte order mark", "save it without that mark"}},
    {NULL,
     holds_pem,
     {"PEM", "give public keys and certificates in PEM to --jwt-key, each on lines of its own"}},
    {"{", NULL, {"JSON, as JWK and JWKS are", JSON_ADVICE}},
    {"[", NULL, {"JSON, as JWK and JWKS are", JSON_ADVICE}},
    {"ssh-", NULL, {"an OpenSSH public key", SSH_ADVICE}},
    {NULL, holds_ssh_key, {"an OpenSSH public key", SSH_ADVICE}},
    {"sk-ssh-", NULL, {"an OpenSSH public key", SSH_ADVICE}},
    {"sk-ecdsa-", NULL, {"an OpenSSH public key", SSH_ADVICE}},
    {"---- BEGIN SSH2",
     NULL,
     {"an SSH public key", "make an OpenSSH one of it first (ssh-keygen -i -f FILE)"}},
    {"<", NULL, {"XML or HTML", "give --jwt-key the issuer's public keys in PEM"}},
    {"http://", NULL, {"an address", "give --jwt-key the public keys found there, in PEM"}},
    {"https://", NULL, {"an address", "give --jwt-key the public keys found there, in PEM"}},
    {NULL,
     is_der,
     {"DER, as keys and certificates are",
      "give --jwt-key the same in PEM (openssl x509 -inform DER, or openssl pkey -pubin -inform "
      "DER)"}},
    {NULL,
     is_bare_base64,
     {"a key or certificate in base64",
      "put the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----, or those of a "
      "CERTIFICATE, around it and give it to --jwt-key"}},
    {NULL, is_bare_modulus, {MODULUS, MODULUS_ADVICE}},
    {NULL, is_hex_modulus, {MODULUS, MODULUS_ADVICE}},
    {NULL,
     is_printed_key,
     {"what openssl prints of a key",
      "give --jwt-key what openssl pkey -pubin -in FILE prints without -text"}},
};

const NachetKeyShape *
nachet_key_shape_find(const unsigned char *bytes, size_t length)
{
	size_t blanks = 0;

	while (blanks < length && isspace(bytes[blanks]))
		blanks++;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		if (rows[i].fits != NULL ? rows[i].fits(bytes, length)
		                         : strncmp((const char *) bytes + blanks, rows[i].begins,
		                                   strlen(rows[i].begins)) == 0)
			return &rows[i].shape;
	}
	return NULL;
}
