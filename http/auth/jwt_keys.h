#ifndef NACHET_HTTP_JWT_KEYS_H
#define NACHET_HTTP_JWT_KEYS_H

#include <stddef.h>

#include "loader/client/error.h"
#include "loader/client/option_table.h"

/* Not changed once made: any number of threads may verify at once. */
typedef struct NachetJwtKeys NachetJwtKeys;

/*
 * Reads all files: public keys of RSA in PEM, all that a file holds, for RS256; and secrets for
 * HS256, one a file. NULL, with the reason, if any of them can't be used.
 */
extern NachetJwtKeys *nachet_jwt_keys_read(const NachetTexts *public_files,
                                           const NachetTexts *secret_files, NachetError *error)
    __attribute__((warn_unused_result));

/* NULL is allowed. Secrets are wiped. */
extern void nachet_jwt_keys_free(NachetJwtKeys *keys);

/* The algorithm, as a token's header names it, of the key that signed this; NULL if none did. */
extern const char *nachet_jwt_keys_verify(const NachetJwtKeys *keys, const char *text,
                                          size_t text_length, const unsigned char *signature,
                                          size_t signature_length)
    __attribute__((warn_unused_result));

#endif
