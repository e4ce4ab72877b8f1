/*
 * http/auth/base64url.c
 *		base64url without padding (RFC 4648, section 5; RFC 7515, section 2).
 *
 * Each sequence of bytes has exactly one text that is taken, so that a token can't be varied without its
 * signature telling.
 */
#include <stdint.h>

#include "http/auth/base64url.h"

/* A character's six bits; 64 for what is none. */
static unsigned
value_of(char character)
{
	if (character >= 'A' && character <= 'Z')
		return (unsigned) (character - 'A');
	if (character >= 'a' && character <= 'z')
		return (unsigned) (character - 'a') + 26;
	if (character >= '0' && character <= '9')
		return (unsigned) (character - '0') + 52;
	if (character == '-')
		return 62;
	return character == '_' ? 63 : 64;
}

bool
nachet_base64url_decode(const char *text, size_t length, unsigned char *bytes, size_t *count)
{
	uint32_t bits = 0;
	unsigned held = 0; /* bits that make no whole byte yet */

	*count = 0;
	if (length % 4 == 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		unsigned value = value_of(text[i]);

		if (value > 63)
			return false;
		bits = bits << 6 | value;
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
