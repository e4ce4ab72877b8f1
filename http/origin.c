/*
 * http/origin.c
 *		Who a browser may be talking for: the Host and Origin headers.
 *
 * Any page in a user's browser can send requests to a loopback address. Two rules keep them out: a page whose
 * own name was made to resolve to this machine (DNS rebinding) sends that name as Host, which is none of
 * ours; and a page from elsewhere sends its own Origin with every POST. "null" is what a page without an
 * origin sends, and anyone can make one.
 */
#include <string.h>
#include <strings.h>

#include "origin.h"

/* The length of the name in NAME[:PORT] or [ADDRESS][:PORT]; 0 where it is neither. */
static size_t
name_length(const char *host)
{
	size_t length = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
	const char *port;

	if (*host == '[')
	{
		if (host[length] != ']')
			return 0;
		length++;
	}
	port = host + length;
	if (*port == '\0')
		return length;
	if (*port != ':' || port[1] == '\0' || strlen(port + 1) > 5 ||
	    port[1 + strspn(port + 1, "0123456789")] != '\0')
		return 0;
	return length;
}

static bool
is_name(const char *host, size_t length, const char *name)
{
	return strlen(name) == length && strncasecmp(host, name, length) == 0;
}

bool
nachet_origin_host_allowed(const NachetHttpOptions *options, const char *host)
{
	static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};
	size_t length = name_length(host);

	if (length == 0)
		return false;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
	{
		if (is_name(host, length, loopback[i]))
			return true;
	}
	for (int i = 0; i < options->server_names.count; i++)
	{
		if (is_name(host, length, options->server_names.text[i]))
			return true;
	}
	return false;
}

bool
nachet_origin_allowed(const NachetHttpOptions *options, const char *origin, const char *host)
{
	static const char scheme[] = "http://";

	if (strncasecmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
	    strcasecmp(origin + sizeof(scheme) - 1, host) == 0)
		return true;
	for (int i = 0; i < options->allow_origins.count; i++)
	{
		if (strcasecmp(origin, options->allow_origins.text[i]) == 0)
			return strcasecmp(origin, "null") != 0;
	}
	return false;
}
