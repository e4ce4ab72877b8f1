#ifndef NACHET_HTTP_ADMIN_H
#define NACHET_HTTP_ADMIN_H

typedef struct NachetAdmin NachetAdmin;
typedef struct NachetListener NachetListener;
typedef struct NachetServer NachetServer;

/*
 * Serves on the listener, which stays the caller's, as long as server is there. NULL, and a
 * message, if it can't.
 */
extern NachetAdmin *nachet_admin_start(const NachetServer *server, NachetListener *listener);

/* Closes the listener. NULL is allowed. */
extern void nachet_admin_stop(NachetAdmin *admin);

#endif
