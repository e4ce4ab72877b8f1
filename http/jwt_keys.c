/*
 * http/jwt_keys.c
 *		The keys that tokens are signed with, read from files.
 *
 * A key has one algorithm, which its file decides when it is read; no token has a say in it. So a token
 * signed by HMAC with the bytes of a public key meets an RSA verification, and fails.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "jwt_keys.h"
#include "key_file.h"

#define SECRET_BYTES 32 /* at least: the hash's own length (RFC 7518, section 3.2) */
#define RSA_BITS     2048
#define DIGEST_BYTES 32

typedef struct Key
{
	EVP_PKEY *public_key; /* RS256; NULL for HS256 */
	unsigned char *secret;
	size_t secret_length;
} Key;

struct NachetJwtKeys
{
	Key *key;
	int count;
};

/* --- reading ----------------------------------------------------------------------------------------- */

/* Without the newline that ends a text: an editor adds it, and no signer means it. Other bytes are all kept. */
static size_t
secret_length(const unsigned char *bytes, size_t length)
{
	size_t end = length;

	if (end > 0 && bytes[end - 1] == '\n')
		end--;
	if (end > 0 && end < length && bytes[end - 1] == '\r')
		end--;
	for (size_t i = 0; i < end; i++)
	{
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			return length;
	}
	return end;
}

static bool
read_secret(Key *key, const char *path, const struct stat *status, const unsigned char *bytes,
            size_t length, NachetError *error)
{
	length = secret_length(bytes, length);
	if (!nachet_key_file_is_private(status))
		nachet_error_set(error,
		                 "others may read the secret in '%s', and sign in as anyone with it: "
		                 "chmod 600 '%s'",
		                 path, path);
	else if (length < SECRET_BYTES)
		nachet_error_set(error,
		                 "the secret in '%s' is of %zu bytes, and must be of %d at least: "
		                 "openssl rand -base64 48 makes one",
		                 path, length, SECRET_BYTES);
	else if ((key->secret = OPENSSL_malloc(length)) == NULL)
		nachet_error_set(error, "out of memory");
	else
	{
		memcpy(key->secret, bytes, length);
		key->secret_length = length;
	}
	return !error->set;
}

static bool
read_public_key(Key *key, const char *path, const struct stat *status, const unsigned char *bytes,
                size_t length, NachetError *error)
{
	BIO *source = BIO_new_mem_buf(bytes, (int) length);

	if (source != NULL)
		key->public_key = PEM_read_bio_PUBKEY(source, NULL, NULL, NULL);
	BIO_free(source);
	ERR_clear_error();
	if (memmem(bytes, length, "PRIVATE KEY-----", 16) != NULL)
		nachet_error_set(error,
		                 "the key file '%s' holds a private key, which the service must not have: "
		                 "give it the public one (openssl pkey -in KEY -pubout)",
		                 path);
	else if (key->public_key == NULL)
		nachet_error_set(error,
		                 "the key file '%s' holds no public key in PEM (of a certificate, openssl "
		                 "x509 -in CERTIFICATE -pubkey -noout prints it)",
		                 path);
	else if (!EVP_PKEY_is_a(key->public_key, "RSA"))
		nachet_error_set(
		    error, "the key in '%s' is no RSA key, and only RS256 is known of public keys", path);
	else if (EVP_PKEY_get_bits(key->public_key) < RSA_BITS)
		nachet_error_set(error, "the key in '%s' is of %d bits, and must be of %d at least", path,
		                 EVP_PKEY_get_bits(key->public_key), RSA_BITS);
	else if ((status->st_mode & S_IWOTH) != 0)
		nachet_error_set(error,
		                 "everyone may change the key in '%s', and then sign in as anyone: "
		                 "chmod o-w '%s'",
		                 path, path);
	return !error->set;
}

static bool
read_key(Key *key, const char *path, NachetError *error)
{
	static const char pem[] = "-----BEGIN ";
	struct stat status;
	size_t length;
	unsigned char *bytes = nachet_key_file_read("key file", path, &status, &length, error);

	if (bytes == NULL)
		return false;
	/* A PEM may have words before it. */
	if (memmem(bytes, length, pem, sizeof(pem) - 1) != NULL)
		(void) read_public_key(key, path, &status, bytes, length, error);
	else
		(void) read_secret(key, path, &status, bytes, length, error);
	nachet_key_file_free(bytes);
	return !error->set;
}

NachetJwtKeys *
nachet_jwt_keys_read(const NachetTexts *files, NachetError *error)
{
	NachetJwtKeys *keys = calloc(1, sizeof(*keys));

	if (keys != NULL)
		keys->key = calloc((size_t) files->count, sizeof(*keys->key));
	if (keys == NULL || keys->key == NULL)
		nachet_error_set(error, "out of memory");
	for (int i = 0; i < files->count && !error->set; i++)
	{
		keys->count = i + 1;
		(void) read_key(&keys->key[i], files->text[i], error);
	}
	if (!error->set)
		return keys;
	nachet_jwt_keys_free(keys);
	return NULL;
}

void
nachet_jwt_keys_free(NachetJwtKeys *keys)
{
	if (keys == NULL)
		return;
	for (int i = 0; i < keys->count; i++)
	{
		EVP_PKEY_free(keys->key[i].public_key);
		OPENSSL_clear_free(keys->key[i].secret, keys->key[i].secret_length);
	}
	free(keys->key);
	free(keys);
}

/* --- verifying --------------------------------------------------------------------------------------- */

static bool
verify_hmac(const Key *key, const char *text, size_t text_length, const unsigned char *signature,
            size_t signature_length)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	return signature_length == DIGEST_BYTES &&
	       HMAC(EVP_sha256(), key->secret, (int) key->secret_length, (const unsigned char *) text,
	            text_length, digest, NULL) != NULL &&
	       CRYPTO_memcmp(digest, signature, DIGEST_BYTES) == 0;
}

static bool
verify_rsa(const Key *key, const char *text, size_t text_length, const unsigned char *signature,
           size_t signature_length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL; /* the context's */
	bool right;

	right = context != NULL &&
	        EVP_DigestVerifyInit(context, &parameters, EVP_sha256(), NULL, key->public_key) == 1 &&
	        EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING) == 1 &&
	        EVP_DigestVerify(context, signature, signature_length, (const unsigned char *) text,
	                         text_length) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return right;
}

const char *
nachet_jwt_keys_verify(const NachetJwtKeys *keys, const char *text, size_t text_length,
                       const unsigned char *signature, size_t signature_length)
{
	for (int i = 0; i < keys->count; i++)
	{
		const Key *key = &keys->key[i];

		if (key->public_key == NULL &&
		    verify_hmac(key, text, text_length, signature, signature_length))
			return "HS256";
		if (key->public_key != NULL &&
		    verify_rsa(key, text, text_length, signature, signature_length))
			return "RS256";
	}
	return NULL;
}
