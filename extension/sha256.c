/*
 * extension/sha256.c
 *		SHA-256 of what is in memory, and HMAC with it (RFC 2104), by PostgreSQL's own functions.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/hmac.h"

#include "pure/hex.h"
#include "sha256.h"

void
nachet_sha256_hex(const char *string, char hex[NACHET_SHA256_HEX_BYTES])
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	if (hash == NULL || pg_cryptohash_init(hash) < 0 ||
	    pg_cryptohash_update(hash, (const uint8 *) string, strlen(string)) < 0 ||
	    pg_cryptohash_final(hash, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a SHA-256");
	pg_cryptohash_free(hash);
	nachet_hex_encode(digest, sizeof(digest), hex);
}

void
nachet_hmac_sha256(const void *key, size_t key_length, const char *string,
                   uint8 digest[PG_SHA256_DIGEST_LENGTH])
{
	pg_hmac_ctx *hmac = pg_hmac_create(PG_SHA256);

	if (hmac == NULL || pg_hmac_init(hmac, key, key_length) < 0 ||
	    pg_hmac_update(hmac, (const uint8 *) string, strlen(string)) < 0 ||
	    pg_hmac_final(hmac, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute an HMAC");
	pg_hmac_free(hmac);
}
