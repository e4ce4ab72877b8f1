/*
 * http/ops/tls.c
 *		The certificate that the service shows if it speaks TLS itself.
 *
 * GnuTLS asks for it by a function that is told of no context, and goes on using what it got until
 * the connection is set up. So the certificate is the process's, and one that was replaced stays
 * until the end: that is some kilobytes at each renewal.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <gnutls/x509.h>

#include "loader/client/error.h"
#include "loader/client/secret_file.h"
#include "http/ops/log.h"
#include "http/ops/tls.h"
#include "http/options.h"

/* Of a chain, the certificate itself included. */
#define CHAIN_MAX 16

typedef struct Certificate Certificate;

struct Certificate
{
	Certificate *replaced; /* the one before it */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned chain_length;
	gnutls_privkey_t key;
	time_t expiry;
};

static _Atomic(Certificate *) current;

static void
free_certificate(Certificate *certificate)
{
	for (unsigned i = 0; i < certificate->chain_length; i++)
		gnutls_pcert_deinit(&certificate->chain[i]);
	gnutls_privkey_deinit(certificate->key);
	free(certificate);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Whether key and chain are whole and belong together; says which is not. */
static bool
check_pair(const NachetHttpOptions *options, const gnutls_datum_t *chain, const gnutls_datum_t *key,
           NachetError *error)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_privkey_t probe;
	int status;

	if (gnutls_x509_privkey_init(&probe) < 0)
		probe = NULL;
	if (probe == NULL || gnutls_certificate_allocate_credentials(&credentials) < 0)
	{
		gnutls_x509_privkey_deinit(probe);
		nachet_error_set(error, "out of memory");
		return false;
	}
	status = gnutls_x509_privkey_import2(probe, key, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (status < 0)
		nachet_error_set(error,
		                 "the file '%s' contains no private key in PEM without a password: %s",
		                 options->tls_key, gnutls_strerror(status));
	else
	{
		status = gnutls_certificate_set_x509_key_mem(credentials, chain, key, GNUTLS_X509_FMT_PEM);
		if (status == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
			nachet_error_set(error, "the certificate '%s' and the key '%s' do not match",
			                 options->tls_cert, options->tls_key);
		else if (status < 0)
			nachet_error_set(error, "the file '%s' contains no certificates in PEM: %s",
			                 options->tls_cert, gnutls_strerror(status));
	}
	gnutls_x509_privkey_deinit(probe);
	gnutls_certificate_free_credentials(credentials);
	return !error->set;
}

static time_t
read_expiry(const gnutls_datum_t *chain)
{
	gnutls_x509_crt_t first;
	time_t expiry = 0;

	if (gnutls_x509_crt_init(&first) < 0)
		return 0;
	if (gnutls_x509_crt_import(first, chain, GNUTLS_X509_FMT_PEM) == 0)
		expiry = gnutls_x509_crt_get_expiration_time(first);
	gnutls_x509_crt_deinit(first);
	return expiry;
}

static Certificate *
make_certificate(const NachetHttpOptions *options, const gnutls_datum_t *chain,
                 const gnutls_datum_t *key, NachetError *error)
{
	Certificate *certificate = calloc(1, sizeof(*certificate));
	int status = GNUTLS_E_MEMORY_ERROR;

	if (certificate != NULL)
	{
		unsigned count = CHAIN_MAX;

		status = gnutls_pcert_list_import_x509_raw(certificate->chain, &count, chain,
		                                           GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
		certificate->chain_length = status >= 0 ? count : 0;
	}
	if (status >= 0)
		status = gnutls_privkey_init(&certificate->key);
	if (status >= 0)
		status =
		    gnutls_privkey_import_x509_raw(certificate->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (status >= 0)
	{
		certificate->expiry = read_expiry(chain);
		return certificate;
	}
	nachet_error_set(error, "the certificate '%s' can't be used: %s", options->tls_cert,
	                 gnutls_strerror(status));
	if (certificate != NULL)
		free_certificate(certificate);
	return NULL;
}

/* NULL, and why, if they can't be used. */
static Certificate *
read_certificate(const NachetHttpOptions *options, NachetError *error)
{
	struct stat status;
	size_t chain_length = 0;
	size_t key_length = 0;
	unsigned char *chain = nachet_secret_file_read("certificate file", options->tls_cert, &status,
	                                               &chain_length, error);
	unsigned char *key = NULL;
	Certificate *certificate = NULL;

	if (chain != NULL)
		key = nachet_secret_file_read("key file", options->tls_key, &status, &key_length, error);
	if (key != NULL && !nachet_secret_file_is_private(&status))
		nachet_error_set(error, "other users can read the private key in '%s': chmod 600 '%s'",
		                 options->tls_key, options->tls_key);
	if (!error->set)
	{
		const gnutls_datum_t chain_text = {chain, (unsigned) chain_length};
		const gnutls_datum_t key_text = {key, (unsigned) key_length};

		if (check_pair(options, &chain_text, &key_text, error))
			certificate = make_certificate(options, &chain_text, &key_text, error);
	}
	nachet_secret_file_free(chain);
	nachet_secret_file_free(key);
	return certificate;
}

static void
install(Certificate *certificate)
{
	if (certificate->expiry < time(NULL))
		nachet_log_warning("the certificate of --tls-cert has expired: clients will refuse it");
	certificate->replaced = atomic_load(&current);
	atomic_store(&current, certificate);
}

/* --- the process's certificate ---------------------------------------------------------------- */

bool
nachet_tls_start(const NachetHttpOptions *options)
{
	NachetError error = NACHET_ERROR_INIT;
	Certificate *certificate = read_certificate(options, &error);

	if (certificate != NULL)
		install(certificate);
	else
		fprintf(stderr, "nachet-http: %s\n", error.message);
	nachet_error_clear(&error);
	return certificate != NULL;
}

void
nachet_tls_reload(const NachetHttpOptions *options)
{
	NachetError error = NACHET_ERROR_INIT;
	Certificate *certificate = read_certificate(options, &error);

	if (certificate != NULL)
	{
		install(certificate);
		nachet_log("the certificate was reloaded");
	}
	else
		nachet_log_warning("the certificate was not reloaded: %s", error.message);
	nachet_error_clear(&error);
}

void
nachet_tls_stop(void)
{
	Certificate *certificate = atomic_exchange(&current, NULL);

	while (certificate != NULL)
	{
		Certificate *replaced = certificate->replaced;

		free_certificate(certificate);
		certificate = replaced;
	}
}

time_t
nachet_tls_expiry(void)
{
	const Certificate *certificate = atomic_load(&current);

	return certificate != NULL ? certificate->expiry : 0;
}

int
nachet_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                    const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                    gnutls_pcert_st **chain, unsigned int *chain_length, gnutls_privkey_t *key)
{
	Certificate *certificate = atomic_load(&current);

	(void) session;
	(void) issuers;
	(void) issuer_count;
	(void) algorithms;
	(void) algorithm_count;
	*chain = certificate->chain;
	*chain_length = certificate->chain_length;
	*key = certificate->key;
	return 0;
}
