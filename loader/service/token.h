#ifndef NACHET_LOADER_SERVICE_TOKEN_H
#define NACHET_LOADER_SERVICE_TOKEN_H

#include <stdbool.h>

#include "loader/client/error.h"

#define NACHET_TOKEN_MAX_BYTES 32768

/*
 * Reads the token, with a NUL. The file must be closed to others, as libpq wants it of a private
 * key: whoever has the token is its user.
 */
extern bool nachet_service_token_read(const char *path, char token[NACHET_TOKEN_MAX_BYTES + 1],
                                      NachetError *error) __attribute__((warn_unused_result));

#endif
