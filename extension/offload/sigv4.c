/*
 * extension/offload/sigv4.c
 *		Requests signed by AWS Signature Version 4 (AWS General Reference, "Signing AWS API
 *		requests"; for S3
 *		"Authenticating Requests: Using the Authorization Header").
 *
 * A signature is an HMAC over the hash of the canonical request: method, path, query, headers in
 * the order of their names, their list, and the body's hash. S3 takes paths as they are sent,
 * encoded once.
 *
 * Rule: what is signed is what is sent. libcurl signs too, but what it makes of paths and headers
 * differs between its versions: 8.14 refuses some paths, and stores refuse every request that 8.23
 * signs.
 */
#include "postgres.h"

#include <time.h>

#include "lib/stringinfo.h"

#include "hash.h"
#include "offload/sigv4.h"
#include "offload/store.h"
#include "pure/hex.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define TERMINATION "aws4_request"

/* Date and time in ISO 8601's basic format, whose first 8 characters are the date. */
#define STAMP_BYTES 17
#define DATE_LENGTH 8

/* Replaces the key by the HMAC of a string. */
static void
derive(uint8 *key, size_t *length, const char *message)
{
	nachet_hash_hmac(key, *length, message, key);
	*length = PG_SHA256_DIGEST_LENGTH;
}

/* The signature, in hexadecimal digits, with a key that holds for a day, a region and a service. */
static void
sign(const NachetSigv4 *signer, const char *date, const char *message, char *hex)
{
	size_t length = strlen("AWS4") + strlen(signer->secret_key);
	uint8 *key = palloc(Max(length, PG_SHA256_DIGEST_LENGTH) + 1);

	snprintf((char *) key, length + 1, "AWS4%s", signer->secret_key);
	derive(key, &length, date);
	derive(key, &length, signer->region);
	derive(key, &length, signer->service);
	derive(key, &length, TERMINATION);
	derive(key, &length, message);
	nachet_hex_encode(key, PG_SHA256_DIGEST_LENGTH, hex);
	pfree(key);
}

/* --- the canonical request -------------------------------------------------------------------- */

/* A header's line, "Name: value", as the canonical request has it: "name:value". */
static char *
canonical_header(const char *line)
{
	const char *value = strchr(line, ':') + 1;
	char *canonical;
	char *at;

	value += strspn(value, " ");
	canonical = psprintf("%.*s:%s", (int) strcspn(line, ":"), line, value);
	for (at = canonical; *at != ':'; at++)
		*at = (char) pg_tolower((unsigned char) *at);
	return canonical;
}

/*
 * Appends the headers, a line each, to one text and their names, with semicolons between, to
 * another.
 */
static void
canonical_headers(const List *headers, StringInfo lines, StringInfo names)
{
	List *sorted = NIL;
	ListCell *cell;

	foreach (cell, headers)
		sorted = lappend(sorted, canonical_header(lfirst(cell)));
	list_sort(sorted, nachet_curl_compare_headers);
	foreach (cell, sorted)
	{
		const char *line = lfirst(cell);

		appendStringInfo(lines, "%s\n", line);
		appendStringInfo(names, "%s%.*s", names->len > 0 ? ";" : "", (int) strcspn(line, ":"),
		                 line);
	}
}

/* Hashes the canonical request into hexadecimal digits, and returns the names of its headers. */
static char *
hash_request(const NachetCurlRequest *request, const char *payload, char *hex)
{
	const char *path = strstr(request->url, "://") + 3;
	const char *query;
	int path_length;
	StringInfoData canonical;
	StringInfoData names;

	path += strcspn(path, "/?");
	path_length = (int) strcspn(path, "?");
	query = path[path_length] == '?' ? path + path_length + 1 : "";
	initStringInfo(&canonical);
	initStringInfo(&names);
	appendStringInfo(&canonical, "%s\n%.*s\n%s\n", request->method, path_length, path, query);
	canonical_headers(request->headers, &canonical, &names);
	appendStringInfo(&canonical, "\n%s\n%s", names.data, payload);
	nachet_hash_hex(canonical.data, hex);
	pfree(canonical.data);
	return names.data;
}

/* --- signing ---------------------------------------------------------------------------------- */

/* The host and port of a URL, as the Host header has them: without the scheme's own port. */
static char *
host_of(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	int length = (int) strcspn(host, "/?");
	const char *port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
	int port_length = (int) strlen(port);

	if (length > port_length && strncmp(host + length - port_length, port, port_length) == 0)
		length -= port_length;
	return psprintf("%.*s", length, host);
}

void
nachet_sigv4_sign(const NachetSigv4 *signer, NachetCurlRequest *request, const char *payload,
                  pg_time_t at)
{
	time_t seconds = (time_t) at;
	char stamp[STAMP_BYTES];
	char date[DATE_LENGTH + 1];
	char hash[NACHET_HASH_HEX_BYTES];
	char signature[NACHET_HASH_HEX_BYTES];
	struct tm utc;
	char *names;
	char *scope;

	gmtime_r(&seconds, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	strlcpy(date, stamp, sizeof(date));
	scope = psprintf("%s/%s/%s/%s", date, signer->region, signer->service, TERMINATION);

	nachet_object_store_header(request, "Host", host_of(request->url));
	nachet_object_store_header(request, "x-amz-date", stamp);
	if (signer->token != NULL)
		nachet_object_store_header(request, "x-amz-security-token", signer->token);
	names = hash_request(request, payload, hash);
	sign(signer, date, psprintf("%s\n%s\n%s\n%s", ALGORITHM, stamp, scope, hash), signature);
	nachet_object_store_header(request, "Authorization",
	                           psprintf("%s Credential=%s/%s,SignedHeaders=%s,Signature=%s",
	                                    ALGORITHM, signer->access_key, scope, names, signature));
}
