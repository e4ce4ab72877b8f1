#ifndef NACHET_OFFLOAD_SIGV4_H
#define NACHET_OFFLOAD_SIGV4_H

#include "pgtime.h"

#include "offload/curl.h"

/* By whom, and for which part of a provider's services, requests are signed. */
typedef struct NachetSigv4
{
	const char *access_key;
	const char *secret_key;
	const char *token; /* of a session; NULL: none */
	const char *region;
	const char *service; /* "s3" */
} NachetSigv4;

/*
 * Adds the headers Host, x-amz-date, x-amz-security-token if there is a token, and Authorization to
 * a request whose method, URL and headers are complete, in the current memory context. All its
 * headers are signed, so libcurl may change none of them. The URL's path and query are signed as
 * they are: encoded once, parameters in the order of their names, each with an equals sign. payload
 * is the SHA-256 of the body in hexadecimal digits, or UNSIGNED-PAYLOAD; at is the time to sign
 * for, which a store compares with its own.
 */
extern void nachet_sigv4_sign(const NachetSigv4 *signer, NachetCurlRequest *request,
                              const char *payload, pg_time_t at);

#endif
