/*
 * http/options.h
 *		nachet-http's options, from the environment and then from the command line.
 */
#ifndef NACHET_HTTP_OPTIONS_H
#define NACHET_HTTP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACHET_LIST_MAX 16

typedef struct NachetList
{
	const char *item[NACHET_LIST_MAX];
	size_t count;
} NachetList;

typedef struct NachetHttpOptions
{
	const char *listen; /* ADDRESS:PORT */
	const char *dbname; /* NULL: libpq's environment */
	const char *auth;
	NachetList server_names;  /* what Host may say beside the loopback names */
	NachetList allow_origins; /* what Origin may say beside the service's own */
	const char *spool_dir;
	uint64_t spool_memory;     /* bytes for the pictures of all requests together */
	uint64_t max_picture_size; /* bytes */
	uint64_t max_request_size; /* bytes of one body */
	uint64_t max_discard_size; /* bytes of a refused body that are still read */
	uint64_t max_pictures;     /* of one request */
	uint64_t max_connections;
	uint64_t pool;          /* database connections */
	uint64_t senders;       /* of these, at most so many send pictures at a time */
	uint64_t pool_wait;     /* seconds to wait for a connection */
	uint64_t idle_timeout;  /* seconds without a byte after which a client is dropped */
	uint64_t drain_timeout; /* seconds that requests under way have after SIGTERM */
	bool help;
	bool version;
} NachetHttpOptions;

typedef enum NachetOptionsOutcome
{
	NACHET_OPTIONS_RUN,
	NACHET_OPTIONS_ANSWERED, /* --help or --version, written to standard output */
	NACHET_OPTIONS_WRONG     /* said so on standard error */
} NachetOptionsOutcome;

/* The strings stay the environment's and argv's own, but for those of lists that the environment gave. */
extern NachetOptionsOutcome nachet_options_read(NachetHttpOptions *options, int argc, char **argv)
    __attribute__((warn_unused_result));

#endif
