/*
 * loader/client/sha256.c
 *		SHA-256 (FIPS 180-4) of bytes as they stream by, by libcrypto.
 *
 * The algorithm is fetched once and kept: left to EVP_sha256(), OpenSSL 3 would look it up again
 * for every picture. An object belongs to one thread at a time.
 */
#include <stdlib.h>
#include <openssl/evp.h>

#include "loader/client/sha256.h"

struct NachetSha256
{
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

NachetSha256 *
nachet_sha256_create(void)
{
	NachetSha256 *sha256 = calloc(1, sizeof(*sha256));

	if (sha256 == NULL)
		return NULL;
	sha256->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha256->context = EVP_MD_CTX_new();
	if (sha256->algorithm == NULL || sha256->context == NULL)
	{
		nachet_sha256_free(sha256);
		return NULL;
	}
	return sha256;
}

bool
nachet_sha256_begin(NachetSha256 *sha256)
{
	return EVP_DigestInit_ex2(sha256->context, sha256->algorithm, NULL) == 1;
}

bool
nachet_sha256_update(NachetSha256 *sha256, const void *bytes, size_t length)
{
	return EVP_DigestUpdate(sha256->context, bytes, length) == 1;
}

bool
nachet_sha256_finish(NachetSha256 *sha256, unsigned char digest[NACHET_SHA256_BYTES])
{
	unsigned int length = 0;

	return EVP_DigestFinal_ex(sha256->context, digest, &length) == 1 &&
	       length == NACHET_SHA256_BYTES;
}

void
nachet_sha256_free(NachetSha256 *sha256)
{
	if (sha256 == NULL)
		return;
	EVP_MD_CTX_free(sha256->context);
	EVP_MD_free(sha256->algorithm);
	free(sha256);
}
