/*
 * http/jwt_keys.h
 *		The keys that tokens are signed with, read from files.
 */
#ifndef NACHET_HTTP_JWT_KEYS_H
#define NACHET_HTTP_JWT_KEYS_H

#include <stddef.h>

#include "loader/client/error.h"
#include "loader/client/option_table.h"

/* Not changed once made: any number of threads may verify at once. */
typedef struct NachetJwtKeys NachetJwtKeys;

/*
 * Reads all files: a PEM public key of RSA is one for RS256, and what is no PEM is a secret for HS256. NULL,
 * with what is wrong, where any of them can't be used.
 */
extern NachetJwtKeys *nachet_jwt_keys_read(const NachetTexts *files, NachetError *error)
    __attribute__((warn_unused_result));

/* NULL is allowed. Secrets are wiped. */
extern void nachet_jwt_keys_free(NachetJwtKeys *keys);

/* The algorithm, as a token's header names it, of the key that made this signature; NULL where none did. */
extern const char *nachet_jwt_keys_verify(const NachetJwtKeys *keys, const char *text,
                                          size_t text_length, const unsigned char *signature,
                                          size_t signature_length)
    __attribute__((warn_unused_result));

#endif
