/*
 * http/auth/identity.c
 *		What may be handed to the datastore as an authenticated user's e-mail address.
 *
 * Blanks and commas are refused: they are what two values look like that someone on the way has joined.
 */
#include <string.h>

#include "pure/names.h"
#include "http/auth/identity.h"

bool
nachet_identity_valid(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > NACHET_IDENTITY_BYTES || !nachet_utf8_valid(text, length))
		return false;
	for (size_t i = 0; i < length; i++)
	{
		unsigned char byte = (unsigned char) text[i];

		if (byte <= 0x20 || byte == 0x7f || byte == ',' || byte == ';')
			return false;
	}
	return true;
}
