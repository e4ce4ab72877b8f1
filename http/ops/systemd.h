#ifndef NACHET_HTTP_SYSTEMD_H
#define NACHET_HTTP_SYSTEMD_H

#include <stdbool.h>

typedef struct NachetSystemdSockets
{
	int service; /* -1 for none */
	int admin;   /* the one that is named "admin"; likewise */
} NachetSystemdSockets;

/* False, and a message, if there are more sockets than can be used. */
extern bool nachet_systemd_take_sockets(NachetSystemdSockets *sockets)
    __attribute__((warn_unused_result));

/* Tells the manager, if there is one that listens: READY=1, STOPPING=1. */
extern void nachet_systemd_notify(const char *state);

#endif
