#ifndef NACHET_HASH_H
#define NACHET_HASH_H

#include "common/cryptohash.h"
#include "common/sha2.h"

/* The 64 hexadecimal digits of a SHA-256 and a NUL. */
#define NACHET_HASH_HEX_BYTES (2 * PG_SHA256_DIGEST_LENGTH + 1)

/*
 * A hash is made by pg_cryptohash_create and belongs to the current resource owner. It may begin
 * again after its end. All raise 38000 if the hash cannot be computed; adding can be interrupted.
 */
extern void nachet_hash_begin(pg_cryptohash_ctx *hash);
extern void nachet_hash_add(pg_cryptohash_ctx *hash, const void *bytes, size_t length);
extern void nachet_hash_end(pg_cryptohash_ctx *hash, uint8 *digest, size_t length);

/* The hash of what is in memory, into digest. */
extern void nachet_hash_bytes(pg_cryptohash_type type, const void *bytes, size_t size,
                              uint8 *digest, size_t length);

/* The SHA-256 of a string, in hexadecimal digits. */
extern void nachet_hash_hex(const char *string, char hex[NACHET_HASH_HEX_BYTES]);

/* The HMAC of a string with SHA-256; key and digest may overlap. */
extern void nachet_hash_hmac(const void *key, size_t key_length, const char *string,
                             uint8 digest[PG_SHA256_DIGEST_LENGTH]);

#endif
