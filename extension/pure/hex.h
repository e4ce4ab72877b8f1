#ifndef NACHET_HEX_H
#define NACHET_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Writes 2 * length digits and a terminating NUL. */
extern void nachet_hex_encode(const unsigned char *bytes, size_t length, char *hex);

/* Reads exactly 2 * length digits of either case; false at the first byte that is none. */
extern bool nachet_hex_decode(const char *hex, size_t length, unsigned char *bytes);

#endif
