/*
 * http/auth/base64url.h
 *		base64url without padding (RFC 4648, section 5; RFC 7515, section 2).
 */
#ifndef NACHET_HTTP_BASE64URL_H
#define NACHET_HTTP_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that so many characters stand for. */
#define NACHET_BASE64URL_BYTES(length) ((length) / 4 * 3 + 2)

/*
 * Fills bytes, which has room for NACHET_BASE64URL_BYTES(length), and sets *count. False for text that no
 * encoder writes: another character, padding, a length that stands for no whole bytes, or bits left over.
 */
extern bool nachet_base64url_decode(const char *text, size_t length, unsigned char *bytes,
                                    size_t *count) __attribute__((warn_unused_result));

#endif
