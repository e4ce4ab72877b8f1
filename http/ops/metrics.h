#ifndef NACHET_HTTP_METRICS_H
#define NACHET_HTTP_METRICS_H

#include <stddef.h>
#include <stdint.h>

typedef struct NachetServer NachetServer;
typedef struct NachetText NachetText;

typedef enum NachetCounter
{
	NACHET_COUNT_RECEIVED_BYTES, /* of bodies */
	NACHET_COUNT_SENT_BYTES,     /* likewise */
	NACHET_COUNT_NEW_PICTURES,   /* whose bytes were stored */
	NACHET_COUNT_KNOWN_PICTURES, /* whose bytes were there */
	NACHET_COUNT_NEW_BYTES,
	NACHET_COUNT_SETS_CREATED,
	NACHET_COUNT_SETS_PRESENT,
	NACHET_COUNT_REFUSED_CONNECTIONS, /* beyond the limit */
	NACHET_COUNTERS
} NachetCounter;

/* Any thread may call these; they wait for nothing. */
extern void nachet_metrics_add(NachetCounter counter, uint64_t amount);

/* The route is the router's index. */
extern void nachet_metrics_request(size_t route, const char *method, unsigned status,
                                   uint64_t microseconds);

/* All counters, and how clients, pool, spool and the process are, in Prometheus' text format. */
extern void nachet_metrics_write(NachetText *text, const NachetServer *server);

#endif
