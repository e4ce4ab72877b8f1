#ifndef NACHET_HTTP_TLS_H
#define NACHET_HTTP_TLS_H

#include <stdbool.h>
#include <time.h>
#include <gnutls/gnutls.h>
#include <gnutls/abstract.h>

typedef struct NachetHttpOptions NachetHttpOptions;

/* TLS 1.2 and 1.3; of 1.2 only what has forward secrecy and authenticated encryption. */
#define NACHET_TLS_PRIORITIES                                                                      \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:" \
	"+AES-128-GCM:%SERVER_PRECEDENCE"

/* Reads certificate and key. False, and a message, if they can't be used. */
extern bool nachet_tls_start(const NachetHttpOptions *options) __attribute__((warn_unused_result));

/* Reads them again, and logs how that went; if they can't be used, the old ones stay. */
extern void nachet_tls_reload(const NachetHttpOptions *options);

/* When no connection is left. */
extern void nachet_tls_stop(void);

/* When the certificate expires; 0 without one. */
extern time_t nachet_tls_expiry(void);

/* GnuTLS asks for the certificate of a connection that begins. */
extern int nachet_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *issuers,
                               int issuer_count, const gnutls_pk_algorithm_t *algorithms,
                               int algorithm_count, gnutls_pcert_st **chain,
                               unsigned int *chain_length, gnutls_privkey_t *key);

#endif
