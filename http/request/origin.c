/*
 * http/request/origin.c
 *		Who a browser may be talking for: the Host and Origin headers.
 *
 * Any page in a user's browser can send requests to a loopback address. Two rules keep them out: a
 * page whose own name was made to resolve to this machine (DNS rebinding) sends that name as Host,
 * which is none of ours; and a page from elsewhere sends its own Origin with every POST. "null" is
 * what a page without an origin sends, and anyone can make one.
 */
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "http/request/origin.h"

/* The length of the name in NAME[:PORT] or [ADDRESS][:PORT]; 0 if it is neither. */
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

static bool
is_listed(const NachetTexts *names, const char *text, size_t length)
{
	for (int i = 0; i < names->count; i++)
	{
		if (is_name(text, length, names->text[i]))
			return true;
	}
	return false;
}

static bool
is_loopback(const char *host)
{
	static const char *const loopback[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
	{
		if (is_name(host, name_length(host), loopback[i]))
			return true;
	}
	return false;
}

bool
nachet_origin_host_allowed(const NachetOriginRules *rules, const char *host)
{
	size_t length = name_length(host);

	return length > 0 && (is_loopback(host) || is_listed(&rules->server_names, host, length));
}

bool
nachet_origin_operators_host_allowed(const NachetOriginRules *rules, const char *host)
{
	size_t length = name_length(host);
	char address[INET_ADDRSTRLEN];
	struct in_addr parsed;

	if (length == 0 || nachet_origin_host_allowed(rules, host))
		return length > 0;
	if (*host == '[' || memchr(host, '.', length) == NULL)
		return true;
	if (length >= sizeof(address))
		return false;
	memcpy(address, host, length);
	address[length] = '\0';
	return inet_pton(AF_INET, address, &parsed) == 1;
}

/* The text after the scheme; NULL if it has another one. */
static const char *
after_scheme(const char *origin, const char *scheme)
{
	size_t length = strlen(scheme);

	return strncasecmp(origin, scheme, length) == 0 ? origin + length : NULL;
}

const char *
nachet_origin_after_scheme(const char *text)
{
	const char *rest = after_scheme(text, "http://");

	return rest != NULL ? rest : after_scheme(text, "https://");
}

bool
nachet_origin_name_valid(const char *name)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                 "0123456789.-_";
	size_t digits = *name == '[' ? strspn(name + 1, "0123456789ABCDEFabcdef:.") : 0;

	if (*name == '[')
		return digits >= 2 && strcmp(name + 1 + digits, "]") == 0;
	return *name != '\0' && *name != '.' && name[strspn(name, characters)] == '\0';
}

bool
nachet_origin_valid(const char *origin)
{
	const char *host = nachet_origin_after_scheme(origin);

	return host != NULL && name_length(host) > 0 && strpbrk(host, "/?#@*, \t") == NULL;
}

bool
nachet_origin_listed(const NachetOriginRules *rules, const char *origin)
{
	return is_listed(&rules->allowed, origin, strlen(origin));
}

/* By its own name the service may be reached through a proxy that speaks TLS, unseen here. */
static bool
is_own(const NachetOriginRules *rules, const char *origin, const char *host)
{
	const char *plain = after_scheme(origin, "http://");
	const char *secure = after_scheme(origin, "https://");

	if (plain != NULL)
		return !rules->tls && strcasecmp(plain, host) == 0 &&
		       (!rules->https_only || is_loopback(host));
	return secure != NULL && strcasecmp(secure, host) == 0 &&
	       (rules->tls || is_listed(&rules->server_names, host, name_length(host)));
}

bool
nachet_origin_allowed(const NachetOriginRules *rules, const char *origin, const char *host)
{
	return is_own(rules, origin, host) || nachet_origin_listed(rules, origin);
}
