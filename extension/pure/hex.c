/*
 * extension/pure/hex.c
 *		Bytes to lower-case hexadecimal digits (RFC 4648, base 16) and back.
 *
 * Digits are compared by range and never by <ctype.h>, which depends on the locale.
 */
#include "hex.h"

static int
hex_digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

void
nachet_hex_encode(const unsigned char *bytes, size_t length, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++)
	{
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0x0f];
	}
	hex[2 * length] = '\0';
}

bool
nachet_hex_decode(const char *hex, size_t length, unsigned char *bytes)
{
	for (size_t i = 0; i < length; i++)
	{
		int high = hex_digit_value(hex[2 * i]);
		/*
		 * A NUL in the first place may be the string's last byte: the second is then not looked at.
		 */
		int low = high < 0 ? -1 : hex_digit_value(hex[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (unsigned char) (high * 16 + low);
	}
	return true;
}
