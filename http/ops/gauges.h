#ifndef NACHET_HTTP_GAUGES_H
#define NACHET_HTTP_GAUGES_H

typedef struct NachetServer NachetServer;
typedef struct NachetText NachetText;

/* Clients, pool, spool and the process, in Prometheus' text format. */
extern void nachet_gauges_write(NachetText *text, const NachetServer *server);

#endif
