#ifndef NACHET_HTTP_NETWORKS_H
#define NACHET_HTTP_NETWORKS_H

#include <stdbool.h>
#include <sys/socket.h>

typedef struct NachetNetwork
{
	int family; /* AF_UNIX stands for every peer on a unix socket */
	unsigned char address[16];
	unsigned bits; /* of the address that count */
} NachetNetwork;

/* ADDRESS, ADDRESS/BITS or unix; false for anything else. */
extern bool nachet_networks_parse(const char *text, NachetNetwork *network)
    __attribute__((warn_unused_result));

extern bool nachet_networks_match(const NachetNetwork *network, const struct sockaddr *peer);

#endif
