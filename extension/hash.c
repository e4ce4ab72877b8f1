/*
 * extension/hash.c
 *		Hashes, fed piece by piece or of a string, and HMAC with SHA-256 (RFC 2104), by PostgreSQL's
 *		own
 *		functions.
 *
 * Rule: their failures are judged here alone. A server whose OpenSSL refuses an algorithm (FIPS
 * refuses MD5) ends the statement: a digest that was not computed is never stored, sent or
 * compared. That is no damage of a content: class XX would count as such (see damage.c).
 */
#include "postgres.h"

#include "common/hmac.h"
#include "miscadmin.h"

#include "compat.h"
#include "hash.h"
#include "pure/hex.h"

/* Bytes that are hashed between two checks for interrupts. */
#define PIECE (1024 * 1024)

static void
check(pg_cryptohash_ctx *hash, int result)
{
	if (result < 0)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
		                errmsg("could not compute a hash: %s", pg_cryptohash_error(hash))));
}

void
nachet_hash_begin(pg_cryptohash_ctx *hash)
{
	check(hash, pg_cryptohash_init(hash));
}

void
nachet_hash_add(pg_cryptohash_ctx *hash, const void *bytes, size_t length)
{
	const uint8 *next = bytes;

	while (length > 0)
	{
		size_t piece = Min(length, PIECE);

		CHECK_FOR_INTERRUPTS();
		check(hash, pg_cryptohash_update(hash, next, piece));
		next += piece;
		length -= piece;
	}
}

void
nachet_hash_end(pg_cryptohash_ctx *hash, uint8 *digest, size_t length)
{
	check(hash, pg_cryptohash_final(hash, digest, length));
}

void
nachet_hash_bytes(pg_cryptohash_type type, const void *bytes, size_t size, uint8 *digest,
                  size_t length)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(type);

	nachet_hash_begin(hash);
	nachet_hash_add(hash, bytes, size);
	nachet_hash_end(hash, digest, length);
	pg_cryptohash_free(hash);
}

void
nachet_hash_hex(const char *string, char hex[NACHET_HASH_HEX_BYTES])
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	nachet_hash_bytes(PG_SHA256, string, strlen(string), digest, sizeof(digest));
	nachet_hex_encode(digest, sizeof(digest), hex);
}

void
nachet_hash_hmac(const void *key, size_t key_length, const char *string,
                 uint8 digest[PG_SHA256_DIGEST_LENGTH])
{
	pg_hmac_ctx *hmac = pg_hmac_create(PG_SHA256);

	if (pg_hmac_init(hmac, key, key_length) < 0 ||
	    pg_hmac_update(hmac, (const uint8 *) string, strlen(string)) < 0 ||
	    pg_hmac_final(hmac, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
		                errmsg("could not compute an HMAC: %s", pg_hmac_error(hmac))));
	pg_hmac_free(hmac);
}
