/*
 * extension/sha256.h
 *		SHA-256 of what is in memory, and HMAC with it (RFC 2104).
 */
#ifndef NACHET_SHA256_H
#define NACHET_SHA256_H

#include "common/sha2.h"

/* The 64 hexadecimal digits of a SHA-256 and a NUL. */
#define NACHET_SHA256_HEX_BYTES (2 * PG_SHA256_DIGEST_LENGTH + 1)

/* The SHA-256 of a string, in hexadecimal digits. */
extern void nachet_sha256_hex(const char *string, char hex[NACHET_SHA256_HEX_BYTES]);

/* The HMAC of a string; key and digest may overlap. */
extern void nachet_hmac_sha256(const void *key, size_t key_length, const char *string,
                               uint8 digest[PG_SHA256_DIGEST_LENGTH]);

#endif
