#ifndef NACHET_CLIENT_SHA256_H
#define NACHET_CLIENT_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#define NACHET_SHA256_BYTES 32

typedef struct NachetSha256 NachetSha256;

extern NachetSha256 *nachet_sha256_create(void); /* NULL if memory ran out */
extern bool nachet_sha256_begin(NachetSha256 *sha256) __attribute__((warn_unused_result));
extern bool nachet_sha256_update(NachetSha256 *sha256, const void *bytes, size_t length)
    __attribute__((warn_unused_result));
extern bool nachet_sha256_finish(NachetSha256 *sha256, unsigned char digest[NACHET_SHA256_BYTES])
    __attribute__((warn_unused_result));
extern void nachet_sha256_free(NachetSha256 *sha256);

#endif
