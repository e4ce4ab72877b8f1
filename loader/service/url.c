/*
 * loader/service/url.c
 *		The address of a service, as --url gives it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <curl/curl.h>

#include "loader/service/url.h"

/* Whether a part of the address is there, and how it reads; the caller frees that with curl_free. */
static char *
part_of(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(parsed, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool
has_part(CURLU *parsed, CURLUPart part)
{
	char *text = part_of(parsed, part);
	bool has = text != NULL;

	curl_free(text);
	return has;
}

static bool
is_http(CURLU *parsed)
{
	char *scheme = part_of(parsed, CURLUPART_SCHEME);
	bool http =
	    scheme != NULL && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);

	curl_free(scheme);
	return http;
}

const char *
nachet_service_url_flaw(const char *url)
{
	CURLU *parsed = curl_url();
	const char *flaw = NULL;

	if (parsed == NULL)
		return "out of memory";
	if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		flaw = "is no URL, such as https://nachet.example.org/datastore";
	else if (!is_http(parsed))
		flaw = "must begin with https:// or http://";
	else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
		flaw = "must hold no user and no password, which others could read in a process list";
	else if (strpbrk(url, "?#") != NULL)
		flaw = "must end with its path: '?' and '#' have no place in it";
	curl_url_cleanup(parsed);
	return flaw;
}

static bool
is_loopback_host(const char *host)
{
	struct in_addr address;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* Reads the scheme and the host; false if there is none. */
static bool
read_address(const char *url, bool *encrypted, bool *loopback)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	bool known = false;

	if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
	{
		scheme = part_of(parsed, CURLUPART_SCHEME);
		host = part_of(parsed, CURLUPART_HOST);
		known = scheme != NULL && host != NULL;
	}
	*encrypted = known && strcasecmp(scheme, "https") == 0;
	*loopback = known && is_loopback_host(host);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parsed);
	return known;
}

bool
nachet_service_url_is_open(const char *url)
{
	bool encrypted;
	bool loopback;

	return !read_address(url, &encrypted, &loopback) || (!encrypted && !loopback);
}

bool
nachet_service_url_is_loopback(const char *url)
{
	bool encrypted;
	bool loopback;

	return read_address(url, &encrypted, &loopback) && loopback;
}
