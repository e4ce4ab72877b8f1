#ifndef NACHET_HTTP_AUTH_H
#define NACHET_HTTP_AUTH_H

typedef struct NachetAuth NachetAuth;
typedef struct NachetHeaders NachetHeaders;
typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetRequest NachetRequest;

/* NULL, and a message, if a key can't be used or memory ran out. */
extern NachetAuth *nachet_auth_create(const NachetHttpOptions *options)
    __attribute__((warn_unused_result));

/* NULL is allowed. */
extern void nachet_auth_free(NachetAuth *auth);

/* Reads the keys again, and logs how that went; if one can't be used, the old ones stay. */
extern void nachet_auth_reload(NachetAuth *auth);

/*
 * Sets who was authenticated, or the answer of a request that may not go on. The request's route is
 * known, and its Origin, if it has one, is an allowed one.
 */
extern void nachet_auth_check(NachetRequest *request, const NachetHeaders *headers);

#endif
