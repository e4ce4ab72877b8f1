/*
 * http/options.c
 *		nachet-http's options, from the environment and then from the command line.
 *
 * One table holds every option: its names, its default, its bounds and its help. An option of a way
 * to authenticate that was not chosen is an error: whoever gives a key, and forgets to ask for
 * tokens, would have a service that is open to all.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/auth/networks.h"
#include "http/body/mime.h"
#include "http/options.h"

#define NO_LIMIT UINT64_MAX
#define LIST_MAX 16

#define ROW(kind, name, short_name, variable, argument, member, value, minimum, maximum, help)     \
	{                                                                                              \
		name, short_name, variable, argument, kind, offsetof(NachetHttpOptions, member), value,    \
		    minimum, maximum, help                                                                 \
	}
#define TEXT(name, short_name, variable, argument, member, value, help)                            \
	ROW(NACHET_OPTION_TEXT, name, short_name, variable, argument, member, value, 0, 0, help)
#define LIST(name, variable, argument, member, help)                                               \
	ROW(NACHET_OPTION_LIST, name, 0, variable, argument, member, NULL, 0, LIST_MAX, help)
#define COUNT(name, variable, argument, member, value, minimum, maximum, help)                     \
	ROW(NACHET_OPTION_COUNT, name, 0, variable, argument, member, value, minimum, maximum, help)
#define SIZE(name, variable, member, value, minimum, maximum, help)                                \
	ROW(NACHET_OPTION_SIZE, name, 0, variable, "SIZE", member, value, minimum, maximum, help)
#define ENUM(name, variable, argument, member, value, help)                                        \
	ROW(NACHET_OPTION_ENUM, name, 0, variable, argument, member, value, 0, 0, help)
#define FLAG(name, short_name, member, help)                                                       \
	ROW(NACHET_OPTION_FLAG, name, short_name, NULL, NULL, member, NULL, 0, 0, help)

static const NachetOptionRow rows[] = {
    TEXT("listen", 'l', "NACHET_HTTP_LISTEN", "WHERE", listen, "127.0.0.1:8080",
         "address to serve on: ADDRESS:PORT or unix:PATH; with --auth=none it must be a\n"
         "loopback address or a path of mode 0600; port 0 picks a free port; a socket passed\n"
         "by systemd overrides it"),
    TEXT("socket-mode", 0, "NACHET_HTTP_SOCKET_MODE", "MODE", socket_mode, "0600",
         "mode of unix:PATH; 0660 gives access to a proxy's group"),
    TEXT("admin-listen", 0, "NACHET_HTTP_ADMIN_LISTEN", "WHERE", admin_listen, NULL,
         "address to serve /live, /ready and /metrics on, without TLS or authentication; any\n"
         "address is allowed, because they return only numbers (default: not served)"),
    TEXT("tls-cert", 0, "NACHET_HTTP_TLS_CERT", "FILE", tls_cert, NULL,
         "serve https with this certificate, followed by its chain (PEM)"),
    TEXT("tls-key", 0, "NACHET_HTTP_TLS_KEY", "FILE", tls_key, NULL,
         "private key of the certificate (PEM); must not be accessible to other users"),
    ROW(NACHET_OPTION_CONNINFO, "dbname", 'd', "NACHET_DBNAME", "CONNINFO", dbname, NULL, 0, 0,
        "database to connect to: a name, connection string or URI, without a password\n"
        "(default: libpq's PGHOST, PGDATABASE, PGSERVICE, ...)"),
    ENUM("auth", "NACHET_HTTP_AUTH", "none|jwt|proxy", auth_kind, "none",
         "authenticate clients not at all, by JSON Web Tokens, or by a proxy before the service"),
    ROW(NACHET_OPTION_LINES, "jwt-key", 0, "NACHET_HTTP_JWT_KEY", "FILE", jwt_keys, NULL, 0, 0,
        "file with public keys that verify tokens (RS256): all RSA keys and certificates in PEM\n"
        "in it; may be repeated; reloaded on SIGHUP"),
    ROW(NACHET_OPTION_LINES, "jwt-secret", 0, "NACHET_HTTP_JWT_SECRET", "FILE", jwt_secrets, NULL,
        0, 0,
        "file with a secret that verifies tokens (HS256): at least 32 bytes, such as from\n"
        "openssl rand -base64 32, never a part of a public key; must not be accessible to other\n"
        "users; may be repeated; reloaded on SIGHUP"),
    TEXT("jwt-claim", 0, "NACHET_HTTP_JWT_CLAIM", "NAME[.NAME...]", jwt_claim, "email",
         "claim with the e-mail address of a token's user"),
    TEXT("jwt-issuer", 0, "NACHET_HTTP_JWT_ISSUER", "ISSUER", jwt_issuer, NULL,
         "required \"iss\" of tokens (default: any)"),
    TEXT("jwt-audience", 0, "NACHET_HTTP_JWT_AUDIENCE", "AUDIENCE", jwt_audience, NULL,
         "required \"aud\" of tokens (default: tokens must have none)"),
    COUNT("jwt-leeway", "NACHET_HTTP_JWT_LEEWAY", "SECONDS", jwt_leeway, "30", 0, 600,
          "allowed clock difference from the token issuer"),
    TEXT("jwt-cookie", 0, "NACHET_HTTP_JWT_COOKIE", "NAME", jwt_cookie, NULL,
         "cookie in which tokens are accepted, in addition to the header Authorization"),
    TEXT("proxy-header", 0, "NACHET_HTTP_PROXY_HEADER", "NAME", proxy_header, NULL,
         "header in which the proxy sends the e-mail address of the authenticated user; the\n"
         "proxy must remove it from requests of clients"),
    LIST("proxy-from", "NACHET_HTTP_PROXY_FROM", "ADDRESS[/BITS]|unix", proxy_from,
         "address from which the proxy connects; all others are refused; may be repeated"),
    LIST("server-name", "NACHET_HTTP_SERVER_NAME", "NAME", origins.server_names,
         "name to accept in the header Host, in addition to localhost, 127.0.0.1 and [::1]; may\n"
         "be repeated"),
    ROW(NACHET_OPTION_FLAG, "https-only", 0, "NACHET_HTTP_HTTPS_ONLY", NULL, origins.https_only,
        NULL, 0, 0,
        "refuse pages of http:// at each --server-name, if a proxy serves them over https only"),
    LIST("allow-origin", "NACHET_HTTP_ALLOW_ORIGIN", "ORIGIN", origins.allowed,
         "origin (https://nachet.example.org) whose pages may send requests, in addition to the\n"
         "service's own; may be repeated"),
    SIZE("max-picture-size", "NACHET_HTTP_MAX_PICTURE_SIZE", max_picture_size, "4GB", 1, NO_LIMIT,
         "maximum size of one picture"),
    SIZE("max-request-size", "NACHET_HTTP_MAX_REQUEST_SIZE", max_request_size, "64GB", 1, NO_LIMIT,
         "maximum size of the body of one request"),
    SIZE("max-manifest-size", "NACHET_HTTP_MAX_MANIFEST_SIZE", max_manifest_size, "64MB", 1,
         UINT64_C(512) * 1024 * 1024,
         "maximum size of one manifest, about 120 bytes per picture, or of the names and hashes\n"
         "of a form; all requests together use up to four times as much memory (at least 64 MB)\n"
         "while they wait for the database"),
    COUNT("max-pictures", "NACHET_HTTP_MAX_PICTURES", "N", max_pictures, "250000", 1, 1000000,
          "maximum number of pictures in one request"),
    SIZE("max-discard-size", "NACHET_HTTP_MAX_DISCARD_SIZE", max_discard_size, "256MB", 0, NO_LIMIT,
         "maximum size to read of a refused body, so that the client gets the response"),
    COUNT("max-connections", "NACHET_HTTP_MAX_CONNECTIONS", "N", max_connections, "1000", 1, 100000,
          "maximum number of connected clients; further ones get 503"),
    COUNT("pool", "NACHET_HTTP_POOL", "N", pool, "4", 2, 1000, "number of database connections"),
    COUNT("senders", "NACHET_HTTP_SENDERS", "N", senders, "2", 1, 999,
          "maximum number of database connections that send pictures at the same time"),
    COUNT("pool-wait", "NACHET_HTTP_POOL_WAIT", "SECONDS", pool_wait, "10", 1, 3600,
          "maximum time that a request waits for a database connection before it gets 503"),
    COUNT("statement-timeout", "NACHET_HTTP_STATEMENT_TIMEOUT", "SECONDS", statement_timeout, "600",
          1, 86400, "maximum time for one database statement before the request gets 503"),
    TEXT("spool-dir", 0, "NACHET_HTTP_SPOOL_DIR", "DIR", spool_dir, NULL,
         "directory for waiting pictures that do not fit in memory (default: $TMPDIR, or /tmp)"),
    SIZE("spool-memory", "NACHET_HTTP_SPOOL_MEMORY", spool_memory, "128MB", 1024 * 1024,
         UINT64_C(1) << 40,
         "memory for waiting pictures and their names, for all requests together"),
    SIZE("spool-size", "NACHET_HTTP_SPOOL_SIZE", spool_size, "64GB", 1024 * 1024, NO_LIMIT,
         "disk space for waiting pictures, for all requests together; further ones get 503"),
    SIZE("spool-reserve", "NACHET_HTTP_SPOOL_RESERVE", spool_reserve, "256MB", 0, NO_LIMIT,
         "disk space that waiting pictures leave free"),
    COUNT("header-timeout", "NACHET_HTTP_HEADER_TIMEOUT", "SECONDS", header_timeout, "30", 1, 86400,
          "maximum time to receive the headers of a request, and to be idle between requests"),
    COUNT("idle-timeout", "NACHET_HTTP_IDLE_TIMEOUT", "SECONDS", idle_timeout, "60", 1, 86400,
          "maximum time that a client may pause in a body, or be slower than --min-rate"),
    SIZE("min-rate", "NACHET_HTTP_MIN_RATE", min_rate, "1kB", 1, UINT64_C(1) << 40,
         "minimum bytes per second at which a client must send a body or receive a response; time\n"
         "spent waiting for the database is not counted"),
    COUNT("drain-delay", "NACHET_HTTP_DRAIN_DELAY", "SECONDS", drain_delay, "0", 0, 3600,
          "time to report not ready after SIGTERM before refusing connections, so that a load\n"
          "balancer can stop sending requests first"),
    COUNT("drain-timeout", "NACHET_HTTP_DRAIN_TIMEOUT", "SECONDS", drain_timeout, "30", 0, 86400,
          "maximum time for running requests to end after that"),
    ENUM("log-format", "NACHET_HTTP_LOG_FORMAT", "text|json", log_format, "text",
         "format of the lines on standard error"),
    FLAG("help", 'h', help, "show this help and exit"),
    FLAG("version", 'V', version, "show the version and exit"),
};

#define ROW_COUNT ((int) (sizeof(rows) / sizeof(rows[0])))

_Static_assert(ROW_COUNT <= NACHET_OPTION_ROWS_MAX, "more options than a table may have");

static NachetOptionTable
table_of(NachetHttpOptions *options)
{
	return (NachetOptionTable){"nachet-http", rows, ROW_COUNT, options, NULL, NULL, {0}, {0}};
}

static void
print_help(const NachetOptionTable *table)
{
	fputs("nachet-http serves the two routes of a Nachet upload session over HTTP:\n"
	      "POST /picture-form and POST /batch-import.\n\n"
	      "Usage: nachet-http [OPTION]...\n\n"
	      "Options, and the environment variables that also set them:\n",
	      stdout);
	nachet_option_table_print(table);
	fputs("\n"
	      "Sizes are in bytes, or in kB, MB, GB or TB of 1,024 each.\n"
	      "SIGHUP reloads the files of --jwt-key, --jwt-secret, --tls-cert and --tls-key.\n"
	      "SIGTERM and SIGINT stop the service after running requests have ended; a second signal\n"
	      "stops it at once.\n"
	      "Exit status: 0 stopped with no request left running; 1 failed; 2 wrong usage.\n\n"
	      "Example:\n"
	      "  nachet-http --dbname='service=nachet' --listen=127.0.0.1:8080\n",
	      stdout);
}

/* Which options contradict each other; NULL if none do. */
static const char *
find_conflict(const NachetHttpOptions *options)
{
	bool jwt = options->auth_kind == NACHET_AUTH_JWT;
	bool proxy = options->auth_kind == NACHET_AUTH_PROXY;
	bool has_key = options->jwt_keys.count > 0 || options->jwt_secrets.count > 0;
	bool has_header = options->proxy_header != NULL;
	bool has_source = options->proxy_from.count > 0;

	if (jwt && !has_key)
		return "--auth=jwt requires --jwt-key or --jwt-secret";
	if (!jwt && (has_key || options->jwt_cookie != NULL || options->jwt_issuer != NULL ||
	             options->jwt_audience != NULL))
		return "--jwt-key, --jwt-secret, --jwt-cookie, --jwt-issuer and --jwt-audience require "
		       "--auth=jwt";
	if (*options->jwt_claim == '\0')
		return "--jwt-claim must not be empty";
	if (proxy && (!has_header || !has_source))
		return "--auth=proxy requires --proxy-header and --proxy-from";
	if (!proxy && (has_header || has_source))
		return "--proxy-header and --proxy-from require --auth=proxy";
	if (options->senders >= options->pool)
		return "--pool must be greater than --senders: a request needs another connection to "
		       "finish";
	if ((options->tls_cert == NULL) != (options->tls_key == NULL))
		return "--tls-cert and --tls-key require each other";
	if (options->spool_size < options->max_picture_size)
		return "--spool-size must be at least --max-picture-size";
	return NULL;
}

static bool
is_network(const char *text)
{
	NachetNetwork network;

	return nachet_networks_parse(text, &network);
}

/* Complains of the first text that is not valid; rule says what each must be. */
static bool
check_each(const NachetOptionTable *table, const NachetTexts *texts,
           bool (*is_valid)(const char *text), const char *rule)
{
	for (int i = 0; i < texts->count; i++)
	{
		if (is_valid(texts->text[i]))
			continue;
		nachet_option_table_complain(table, "%s, not '%s'", rule, texts->text[i]);
		return false;
	}
	return true;
}

/* A header's name, or a cookie's. */
static bool
check_name(const NachetOptionTable *table, const char *name, const char *rule)
{
	if (name == NULL || nachet_mime_is_token(name, strlen(name)))
		return true;
	nachet_option_table_complain(table, "%s, not '%s'", rule, name);
	return false;
}

static bool
check_texts(const NachetHttpOptions *options, const NachetOptionTable *table)
{
	return check_name(table, options->jwt_cookie, "--jwt-cookie must be a valid cookie name") &&
	       check_name(table, options->proxy_header, "--proxy-header must be a valid header name") &&
	       check_each(table, &options->proxy_from, is_network,
	                  "--proxy-from must be ADDRESS, ADDRESS/BITS or unix") &&
	       check_each(table, &options->origins.server_names, nachet_origin_name_valid,
	                  "--server-name must be a host name such as nachet.example.org, without "
	                  "scheme, port or path") &&
	       check_each(table, &options->origins.allowed, nachet_origin_valid,
	                  "--allow-origin must be an origin as browsers send it, http://NAME[:PORT] or "
	                  "https://NAME[:PORT]");
}

static bool
check_values(NachetHttpOptions *options, const NachetOptionTable *table)
{
	const char *conflict;

	if (!nachet_option_table_settle(table))
		return false;
	nachet_log_set_format(options->log_format);
	options->origins.tls = options->tls_cert != NULL;
	conflict = find_conflict(options);
	if (conflict != NULL)
		nachet_option_table_complain(table, "%s", conflict);
	else
		return check_texts(options, table);
	return false;
}

void
nachet_http_options_free(NachetHttpOptions *options)
{
	NachetOptionTable table = table_of(options);

	nachet_option_table_free(&table);
	memset(options, 0, sizeof(*options));
}

NachetOptionsOutcome
nachet_http_options_read(NachetHttpOptions *options, int argc, char **argv)
{
	NachetOptionTable table = table_of(options);
	const char *folder = getenv("TMPDIR");

	memset(options, 0, sizeof(*options));
	options->spool_dir = folder != NULL && *folder != '\0' ? folder : "/tmp";
	if (!nachet_option_table_read_environment(&table) ||
	    !nachet_option_table_read_command_line(&table, argc, argv))
		return NACHET_OPTIONS_WRONG;
	if (optind < argc)
	{
		nachet_option_table_complain(&table, "unexpected argument '%s' (see nachet-http --help)",
		                             argv[optind]);
		return NACHET_OPTIONS_WRONG;
	}
	if (options->help)
		print_help(&table);
	else if (options->version)
		puts("nachet-http " NACHET_VERSION);
	else
		return check_values(options, &table) ? NACHET_OPTIONS_RUN : NACHET_OPTIONS_WRONG;
	return NACHET_OPTIONS_ANSWERED;
}
