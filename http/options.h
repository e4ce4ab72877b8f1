#ifndef NACHET_HTTP_OPTIONS_H
#define NACHET_HTTP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/client/option_table.h"
#include "http/ops/log.h"
#include "http/request/origin.h"

typedef enum NachetAuthKind
{
	NACHET_AUTH_NONE,
	NACHET_AUTH_JWT,
	NACHET_AUTH_PROXY
} NachetAuthKind;

typedef struct NachetHttpOptions
{
	const char *listen;       /* ADDRESS:PORT or unix:PATH */
	const char *admin_listen; /* likewise; NULL for none */
	const char *socket_mode;  /* octal, of a path that is made */
	const char *tls_cert;     /* files; NULL for plain HTTP */
	const char *tls_key;
	const char *dbname; /* NULL: libpq's environment */
	NachetAuthKind auth_kind;
	NachetTexts jwt_keys;    /* files of public keys */
	NachetTexts jwt_secrets; /* files */
	const char *jwt_cookie;  /* NULL: tokens come in the header alone */
	const char *jwt_claim;
	const char *jwt_issuer;   /* NULL: any */
	const char *jwt_audience; /* NULL: none */
	uint64_t jwt_leeway;      /* seconds */
	const char *proxy_header;
	NachetTexts proxy_from; /* ADDRESS[/BITS] or unix */
	NachetOriginRules origins;
	const char *spool_dir;
	uint64_t spool_memory;      /* bytes for the pictures of all requests together */
	uint64_t spool_size;        /* bytes for their files, likewise */
	uint64_t spool_reserve;     /* bytes of the disk that these leave free */
	uint64_t max_picture_size;  /* bytes */
	uint64_t max_request_size;  /* bytes of one body */
	uint64_t max_manifest_size; /* bytes of a manifest's body */
	uint64_t max_discard_size;  /* bytes of a refused body that are still read */
	uint64_t max_pictures;      /* of one request */
	uint64_t max_connections;
	uint64_t pool;              /* database connections */
	uint64_t senders;           /* of these, at most so many send pictures at a time */
	uint64_t pool_wait;         /* seconds to wait for a connection */
	uint64_t statement_timeout; /* seconds for one statement */
	uint64_t header_timeout;    /* seconds for a request's headers */
	uint64_t idle_timeout;      /* seconds that a client may be silent, or below min_rate */
	uint64_t min_rate;          /* bytes a second */
	uint64_t drain_delay;       /* seconds after SIGTERM in which it still takes connections */
	uint64_t drain_timeout;     /* seconds that requests under way have after SIGTERM */
	NachetLogFormat log_format;
	bool help;
	bool version;
} NachetHttpOptions;

/* The strings stay the environment's and argv's own. To be freed whatever the outcome. */
extern NachetOptionsOutcome nachet_http_options_read(NachetHttpOptions *options, int argc,
                                                     char **argv)
    __attribute__((warn_unused_result));
extern void nachet_http_options_free(NachetHttpOptions *options);

#endif
