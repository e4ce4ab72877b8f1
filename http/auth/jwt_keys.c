/*
 * http/auth/jwt_keys.c
 *		The keys that tokens are signed with, read from files.
 *
 * A key has one algorithm, which the option decides that names its file; neither the file nor a
 * token has a say in it. So no public key becomes a secret, and a token signed by HMAC with a
 * public key's bytes meets an RSA verification, and fails.
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
#include <openssl/x509.h>

#include "loader/client/secret_file.h"
#include "http/auth/jwt_keys.h"
#include "http/auth/key_shape.h"

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

/* --- reading ---------------------------------------------------------------------------------- */

/* A place for one key more; NULL, which *error says, if memory ran out. */
static Key *
add_key(NachetJwtKeys *keys, NachetError *error)
{
	Key *grown = reallocarray(keys->key, (size_t) keys->count + 1, sizeof(*keys->key));

	if (grown == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	keys->key = grown;
	memset(&grown[keys->count], 0, sizeof(*grown));
	return &grown[keys->count++];
}

static EVP_PKEY *
read_certificate(const unsigned char **bytes, long length)
{
	X509 *certificate = d2i_X509(NULL, bytes, length);
	EVP_PKEY *key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return key;
}

static EVP_PKEY *
read_key(const unsigned char **bytes, long length)
{
	return d2i_PUBKEY(NULL, bytes, length);
}

static EVP_PKEY *
read_rsa_key(const unsigned char **bytes, long length)
{
	return d2i_PublicKey(EVP_PKEY_RSA, NULL, bytes, length);
}

/*
 * The key that a block of a PEM holds; NULL, which *error says, if it holds none that can be used.
 */
static EVP_PKEY *
decode_block(const char *path, const char *label, const unsigned char *bytes, long length,
             NachetError *error)
{
	static const struct
	{
		const char *label;
		EVP_PKEY *(*read)(const unsigned char **bytes, long length);
	} kinds[] = {{"PUBLIC KEY", read_key},
	             {"CERTIFICATE", read_certificate},
	             {"RSA PUBLIC KEY", read_rsa_key}};
	const unsigned char *end = bytes;
	EVP_PKEY *key = NULL;
	size_t kind = 0;

	while (kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(label, kinds[kind].label) != 0)
		kind++;
	if (kind < sizeof(kinds) / sizeof(kinds[0]))
		key = kinds[kind].read(&end, length);
	else
		nachet_error_set(error, "the key file '%s' contains a %s, which is not a public key", path,
		                 label);
	if (error->set)
		return NULL;
	if (key == NULL || end != bytes + length)
		nachet_error_set(error, "the key file '%s' contains a %s that can't be read", path, label);
	else if (!EVP_PKEY_is_a(key, "RSA"))
		nachet_error_set(
		    error, "the key file '%s' contains a key that is not an RSA key, as RS256 requires",
		    path);
	else if (EVP_PKEY_get_bits(key) < RSA_BITS)
		nachet_error_set(error, "a key in '%s' has %d bits, but must have at least %d", path,
		                 EVP_PKEY_get_bits(key), RSA_BITS);
	else
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* Takes the next block of a PEM. */
static bool
read_block(NachetJwtKeys *keys, const char *path, BIO *source, NachetError *error)
{
	char *label = NULL;
	char *header = NULL;
	unsigned char *bytes = NULL;
	long length = 0;
	EVP_PKEY *public_key = NULL;
	Key *key;

	if (PEM_read_bio(source, &label, &header, &bytes, &length) != 1)
		nachet_error_set(error,
		                 "the key file '%s' contains damaged PEM: a line is incomplete, or there "
		                 "is text before -----BEGIN on the same line",
		                 path);
	else
		public_key = decode_block(path, label, bytes, length, error);
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_free(bytes);
	ERR_clear_error();
	if (public_key == NULL)
		return false;
	key = add_key(keys, error);
	if (key != NULL)
		key->public_key = public_key;
	else
		EVP_PKEY_free(public_key);
	return key != NULL;
}

static int
count_blocks(const unsigned char *bytes, size_t length)
{
	static const char begin[] = "-----BEGIN ";
	const unsigned char *end = bytes + length;
	int count = 0;

	while ((bytes = memmem(bytes, (size_t) (end - bytes), begin, sizeof(begin) - 1)) != NULL)
	{
		bytes++;
		count++;
	}
	return count;
}

/* All of them are read, or none: a key that is left out would lock its users out. */
static void
read_blocks(NachetJwtKeys *keys, const char *path, const unsigned char *bytes, size_t length,
            NachetError *error)
{
	BIO *source = BIO_new_mem_buf(bytes, (int) length);
	int count = count_blocks(bytes, length);

	if (source == NULL)
		nachet_error_set(error, "out of memory");
	while (!error->set && count-- > 0)
		(void) read_block(keys, path, source, error);
	BIO_free(source);
}

static void
read_public_keys(NachetJwtKeys *keys, const char *path, const struct stat *status,
                 const unsigned char *bytes, size_t length, NachetError *error)
{
	const NachetKeyShape *shape = nachet_key_shape_find(bytes, length);

	if (memmem(bytes, length, "PRIVATE KEY-----", 16) != NULL)
		nachet_error_set(error,
		                 "the key file '%s' contains a private key, which the service must not "
		                 "have: use the public key (openssl pkey -in KEY -pubout)",
		                 path);
	else if (count_blocks(bytes, length) > 0)
		read_blocks(keys, path, bytes, length, error);
	else if (shape != NULL)
		nachet_error_set(error, "the key file '%s' contains %s; %s", path, shape->what,
		                 shape->advice);
	else
		nachet_error_set(error,
		                 "the key file '%s' contains no public key in PEM; use --jwt-secret for a "
		                 "secret (HS256)",
		                 path);
	if (!error->set && (status->st_mode & S_IWOTH) != 0)
		nachet_error_set(
		    error,
		    "other users can change the key in '%s' and then sign in as anyone: chmod o-w '%s'",
		    path, path);
}

/* Without the newline that ends a text, which an editor adds. Other bytes are all kept. */
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

static void
read_secret(NachetJwtKeys *keys, const char *path, const struct stat *status,
            const unsigned char *bytes, size_t length, NachetError *error)
{
	const NachetKeyShape *shape = nachet_key_shape_find(bytes, length);
	Key *key;

	length = secret_length(bytes, length);
	if (shape != NULL)
		nachet_error_set(error, "'%s' contains %s instead of a secret for --jwt-secret; %s", path,
		                 shape->what, shape->advice);
	else if (!nachet_secret_file_is_private(status))
		nachet_error_set(
		    error, "other users can read the secret in '%s' and sign in as anyone: chmod 600 '%s'",
		    path, path);
	else if (length < SECRET_BYTES)
		nachet_error_set(error,
		                 "the secret in '%s' has %zu bytes, but must have at least %d: openssl "
		                 "rand -base64 48 makes one",
		                 path, length, SECRET_BYTES);
	else if ((key = add_key(keys, error)) == NULL)
		return;
	else if ((key->secret = OPENSSL_malloc(length)) == NULL)
		nachet_error_set(error, "out of memory");
	else
	{
		memcpy(key->secret, bytes, length);
		key->secret_length = length;
	}
}

/* Reads a file of each option. */
typedef void (*FileReader)(NachetJwtKeys *keys, const char *path, const struct stat *status,
                           const unsigned char *bytes, size_t length, NachetError *error);

static void
read_files(NachetJwtKeys *keys, const NachetTexts *files, const char *what, FileReader reader,
           NachetError *error)
{
	for (int i = 0; i < files->count && !error->set; i++)
	{
		struct stat status;
		size_t length;
		unsigned char *bytes =
		    nachet_secret_file_read(what, files->text[i], &status, &length, error);

		if (bytes != NULL)
			reader(keys, files->text[i], &status, bytes, length, error);
		nachet_secret_file_free(bytes);
	}
}

NachetJwtKeys *
nachet_jwt_keys_read(const NachetTexts *public_files, const NachetTexts *secret_files,
                     NachetError *error)
{
	NachetJwtKeys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	read_files(keys, public_files, "key file", read_public_keys, error);
	read_files(keys, secret_files, "secret file", read_secret, error);
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

/* --- verifying -------------------------------------------------------------------------------- */

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
