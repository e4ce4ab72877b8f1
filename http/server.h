#ifndef NACHET_HTTP_SERVER_H
#define NACHET_HTTP_SERVER_H

#include <stdbool.h>

typedef struct NachetHttpOptions NachetHttpOptions;
typedef struct NachetServer NachetServer;
typedef struct NachetSockets NachetSockets;

/*
 * Writes to standard error where it listens, or why it can't start. After true, nachet_server_stop
 * is due. The sockets stay the caller's.
 */
extern bool nachet_server_start(NachetServer *server, const NachetHttpOptions *options,
                                NachetSockets *sockets) __attribute__((warn_unused_result));

/* Reads the files again that SIGHUP is for: keys and certificates. */
extern void nachet_server_reload(NachetServer *server);

/* Is ready for nobody new, who is served all the same. */
extern void nachet_server_announce_stop(NachetServer *server);

/* Takes no connection any more. */
extern void nachet_server_quiesce(NachetServer *server);

/*
 * Ends all; only when no request is under way, or it would wait for them. Connections to the
 * database are cut, but it waits for those that are being made.
 */
extern void nachet_server_stop(NachetServer *server);

#endif
