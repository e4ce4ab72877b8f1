/*
 * test/fuzz/networks_fuzz.c
 *		Ranges of addresses: read as two numbers and a slash, held against peers bit by bit.
 *
 * Input: the range, a peer's address, each up to a NUL.
 */
#include <stdbool.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http/auth/networks.h"
#include "fuzz.h"

/* An address as its bits, one a char; 0 where the text is none, else how many. */
static int
read_bits(const char *text, char bits[128])
{
	unsigned char bytes[16];
	int count = inet_pton(AF_INET, text, bytes) == 1    ? 32
	            : inet_pton(AF_INET6, text, bytes) == 1 ? 128
	                                                    : 0;

	for (int i = 0; i < count; i++)
		bits[i] = (char) (bytes[i / 8] >> (7 - i % 8) & 1);
	return count;
}

/* The range's bits, and how many of them count; 0 where the text is no range of addresses. */
static int
read_range(const char *text, char bits[128], int *counting)
{
	char *copy = strdup(text);
	char *slash = strchr(copy, '/');
	int count;

	CLAIM(copy != NULL);
	if (slash != NULL)
		*slash = '\0';
	*counting = count = read_bits(copy, bits);
	if (slash != NULL)
	{
		const char *digits = slash + 1;
		size_t length = strspn(digits, "0123456789");

		*counting = 0;
		for (size_t i = 0; i < length && *counting <= 128; i++)
			*counting = 10 * *counting + digits[i] - '0';
		if (length == 0 || digits[length] != '\0' || *counting > count)
			count = 0;
	}
	free(copy);
	return count;
}

/* The bits of the peer that the address is of: those of IPv4 where it is written within IPv6. */
static int
read_peer(const char *text, char bits[128], struct sockaddr_storage *peer)
{
	static const char within[96] = {[80] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	int count = read_bits(text, bits);

	memset(peer, 0, sizeof(*peer));
	peer->ss_family = count == 32 ? AF_INET : count == 128 ? AF_INET6 : AF_UNIX;
	if (count == 32)
		(void) inet_pton(AF_INET, text, &((struct sockaddr_in *) peer)->sin_addr);
	else if (count == 128)
		(void) inet_pton(AF_INET6, text, &((struct sockaddr_in6 *) peer)->sin6_addr);
	if (count == 128 && memcmp(bits, within, sizeof(within)) == 0)
	{
		memmove(bits, bits + 96, 32);
		count = 32;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char *range = fuzz_text(&at, bytes + size);
	char *address = fuzz_text(&at, bytes + size);
	char range_bits[128];
	char peer_bits[128];
	int counting;
	int range_count = read_range(range, range_bits, &counting);
	struct sockaddr_storage peer;
	int peer_count = read_peer(address, peer_bits, &peer);
	NachetNetwork network;
	bool local = strcmp(range, "unix") == 0;

	CLAIM(nachet_networks_parse(range, &network) == (local || range_count > 0));
	if (local)
		CLAIM(nachet_networks_match(&network, (struct sockaddr *) &peer) == (peer_count == 0));
	else if (range_count > 0)
		CLAIM(nachet_networks_match(&network, (struct sockaddr *) &peer) ==
		      (peer_count == range_count && memcmp(peer_bits, range_bits, (size_t) counting) == 0));
	free(range);
	free(address);
	return 0;
}
