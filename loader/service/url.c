/*
 * loader/service/url.c
 *		The address of a service, as --url gives it.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <curl/curl.h>

#include "loader/service/url.h"

/* What is asked of an address. */
typedef struct Address
{
	bool no_memory;
	bool http; /* or https */
	bool encrypted;
	bool loopback;
	bool has_user; /* or a password */
} Address;

/* A part of the address, which curl_free frees; NULL if it is not there. */
static char *
part_of(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(parsed, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool
is_loopback_host(const char *host)
{
	struct in_addr address;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* False if it is no address, or memory ran out. */
static bool
parse(const char *url, Address *address)
{
	CURLU *parsed = curl_url();
	bool done = parsed != NULL &&
	            curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
	char *scheme = done ? part_of(parsed, CURLUPART_SCHEME) : NULL;
	char *host = done ? part_of(parsed, CURLUPART_HOST) : NULL;
	char *user = done ? part_of(parsed, CURLUPART_USER) : NULL;
	char *password = done ? part_of(parsed, CURLUPART_PASSWORD) : NULL;

	address->no_memory = parsed == NULL;
	address->encrypted = scheme != NULL && strcasecmp(scheme, "https") == 0;
	address->http = address->encrypted || (scheme != NULL && strcasecmp(scheme, "http") == 0);
	address->loopback = host != NULL && is_loopback_host(host);
	address->has_user = user != NULL || password != NULL;
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(password);
	curl_url_cleanup(parsed);
	return done;
}

const char *
nachet_service_url_flaw(const char *url)
{
	Address address;

	if (!parse(url, &address))
		return address.no_memory ? "out of memory"
		                         : "is not a URL such as https://nachet.example.org/datastore";
	if (!address.http)
		return "must begin with https:// or http://";
	if (address.has_user)
		return "must not contain a user or a password: others could read them in the process list";
	if (strpbrk(url, "?#") != NULL)
		return "must not contain '?' or '#'";
	return NULL;
}

bool
nachet_service_url_is_open(const char *url)
{
	Address address;

	return !parse(url, &address) || (!address.encrypted && !address.loopback);
}

bool
nachet_service_url_is_loopback(const char *url)
{
	Address address;

	return parse(url, &address) && address.loopback;
}
