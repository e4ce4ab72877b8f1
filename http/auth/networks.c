/*
 * http/auth/networks.c
 *		Which peers an address, or a range of them, stands for.
 *
 * An IPv4 peer of a socket that takes both families comes as an IPv6 address; it is the same peer,
 * and held against IPv4 ranges alone.
 */
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "loader/client/option_table.h"
#include "http/auth/networks.h"

bool
nachet_networks_parse(const char *text, NachetNetwork *network)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	size_t length = (size_t) (slash - text);
	uint64_t bits;
	char *end;

	memset(network, 0, sizeof(*network));
	network->family = AF_UNIX;
	if (strcmp(text, "unix") == 0)
		return true;
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	network->family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	network->bits = network->family == AF_INET6 ? 128 : 32;
	if (inet_pton(network->family, address, network->address) != 1)
		return false;
	if (*slash == '\0')
		return true;
	if (!nachet_option_table_whole(slash + 1, &bits, &end) || *end != '\0' || bits > network->bits)
		return false;
	network->bits = (unsigned) bits;
	return true;
}

static bool
same_bits(const unsigned char *one, const unsigned char *other, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned char rest = (unsigned char) (0xff00u >> bits % 8);

	if (memcmp(one, other, whole) != 0)
		return false;
	return bits % 8 == 0 || ((one[whole] ^ other[whole]) & rest) == 0;
}

bool
nachet_networks_match(const NachetNetwork *network, const struct sockaddr *peer)
{
	int family = peer->sa_family;
	const unsigned char *address = NULL;

	if (family == AF_INET)
		address =
		    (const unsigned char *) &((const struct sockaddr_in *) (const void *) peer)->sin_addr;
	else if (family == AF_INET6)
	{
		const struct in6_addr *in6 =
		    &((const struct sockaddr_in6 *) (const void *) peer)->sin6_addr;

		address = in6->s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(in6))
		{
			family = AF_INET;
			address += 12;
		}
	}
	if (family != network->family)
		return false;
	return family == AF_UNIX ||
	       (address != NULL && same_bits(address, network->address, network->bits));
}
