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
         "ADDRESS:PORT or unix:PATH; a loopback address or a path of one's\nown with --auth=none; "
         "port 0 takes a free one; a socket that systemd\nhands over goes before it"),
    TEXT("socket-mode", 0, "NACHET_HTTP_SOCKET_MODE", "MODE", socket_mode, "0600",
         "the mode of unix:PATH; 0660 lets a proxy's group in"),
    TEXT("admin-listen", 0, "NACHET_HTTP_ADMIN_LISTEN", "WHERE", admin_listen, NULL,
         "where operators find /live, /ready and /metrics, without TLS or\nauthentication: any "
         "address will do, since they tell counts alone\n(default: nowhere)"),
    TEXT("tls-cert", 0, "NACHET_HTTP_TLS_CERT", "FILE", tls_cert, NULL,
         "serve https, with this certificate and what leads to its root (PEM)"),
    TEXT("tls-key", 0, "NACHET_HTTP_TLS_KEY", "FILE", tls_key, NULL,
         "the certificate's private key (PEM), which nobody else may read"),
    ROW(NACHET_OPTION_CONNINFO, "dbname", 'd', "NACHET_DBNAME", "CONNINFO", dbname, NULL, 0, 0,
        "database: a name, connection string or URI, without a password\n"
        "(default: libpq's PGHOST, PGDATABASE, PGSERVICE, ...)"),
    ENUM("auth", "NACHET_HTTP_AUTH", "none|jwt|proxy", auth_kind, "none",
         "how clients are authenticated: not at all, by JSON Web Tokens, or by\na proxy before "
         "the service"),
    ROW(NACHET_OPTION_LINES, "jwt-key", 0, "NACHET_HTTP_JWT_KEY", "FILE", jwt_keys, NULL, 0, 0,
        "public keys that tokens are signed with (RS256): all keys of RSA and\ncertificates in PEM "
        "that the file holds; may be repeated; read again\non SIGHUP"),
    ROW(NACHET_OPTION_LINES, "jwt-secret", 0, "NACHET_HTTP_JWT_SECRET", "FILE", jwt_secrets, NULL,
        0, 0,
        "a secret that tokens are signed with (HS256): at least 32 bytes, which\nnobody else may "
        "read (openssl rand -base64 32), and never a part of a public key; may be\nrepeated; read "
        "again on SIGHUP"),
    TEXT("jwt-claim", 0, "NACHET_HTTP_JWT_CLAIM", "NAME[.NAME...]", jwt_claim, "email",
         "where a token has its user's e-mail address"),
    TEXT("jwt-issuer", 0, "NACHET_HTTP_JWT_ISSUER", "ISSUER", jwt_issuer, NULL,
         "what a token must have as \"iss\" (default: whatever it has)"),
    TEXT("jwt-audience", 0, "NACHET_HTTP_JWT_AUDIENCE", "AUDIENCE", jwt_audience, NULL,
         "what a token must have in \"aud\" (default: a token must have none)"),
    COUNT("jwt-leeway", "NACHET_HTTP_JWT_LEEWAY", "SECONDS", jwt_leeway, "30", 0, 600,
          "how far the clock of who signs tokens may be off"),
    TEXT("jwt-cookie", 0, "NACHET_HTTP_JWT_COOKIE", "NAME", jwt_cookie, NULL,
         "a cookie that may hold the token, beside the header Authorization"),
    TEXT("proxy-header", 0, "NACHET_HTTP_PROXY_HEADER", "NAME", proxy_header, NULL,
         "the header in which the proxy says whom it has authenticated: an\ne-mail address; it "
         "must remove a client's own"),
    LIST("proxy-from", "NACHET_HTTP_PROXY_FROM", "ADDRESS[/BITS]|unix", proxy_from,
         "where the proxy's connections come from; no others are served; may\nbe repeated"),
    LIST("server-name", "NACHET_HTTP_SERVER_NAME", "NAME", origins.server_names,
         "a name that the Host header may hold beside localhost, 127.0.0.1\nand [::1]; may be "
         "repeated"),
    ROW(NACHET_OPTION_FLAG, "https-only", 0, "NACHET_HTTP_HTTPS_ONLY", NULL, origins.https_only,
        NULL, 0, 0,
        "a proxy serves each --server-name over https alone: refuse pages of\nhttp:// there"),
    LIST("allow-origin", "NACHET_HTTP_ALLOW_ORIGIN", "ORIGIN", origins.allowed,
         "an origin (https://nachet.example.org) whose pages may send requests\nbeside the "
         "service's own; may be repeated"),
    SIZE("max-picture-size", "NACHET_HTTP_MAX_PICTURE_SIZE", max_picture_size, "4GB", 1, NO_LIMIT,
         "bytes of one picture"),
    SIZE("max-request-size", "NACHET_HTTP_MAX_REQUEST_SIZE", max_request_size, "64GB", 1, NO_LIMIT,
         "bytes of one request's body"),
    SIZE("max-manifest-size", "NACHET_HTTP_MAX_MANIFEST_SIZE", max_manifest_size, "64MB", 1,
         UINT64_C(512) * 1024 * 1024,
         "bytes of one manifest, some 120 a picture, or of a form's names and\nhashes; four times "
         "as much memory (at least 64 MB) serves all requests\nwhile the database is asked"),
    COUNT("max-pictures", "NACHET_HTTP_MAX_PICTURES", "N", max_pictures, "250000", 1, 1000000,
          "pictures of one request"),
    SIZE("max-discard-size", "NACHET_HTTP_MAX_DISCARD_SIZE", max_discard_size, "256MB", 0, NO_LIMIT,
         "bytes of a refused body that are still read, so that the client\ngets its answer"),
    COUNT("max-connections", "NACHET_HTTP_MAX_CONNECTIONS", "N", max_connections, "1000", 1, 100000,
          "clients at a time; more are told 503"),
    COUNT("pool", "NACHET_HTTP_POOL", "N", pool, "4", 2, 1000, "database connections"),
    COUNT("senders", "NACHET_HTTP_SENDERS", "N", senders, "2", 1, 999,
          "how many of them may send pictures at a time"),
    COUNT("pool-wait", "NACHET_HTTP_POOL_WAIT", "SECONDS", pool_wait, "10", 1, 3600,
          "how long a request waits for a connection before it is told 503"),
    COUNT("statement-timeout", "NACHET_HTTP_STATEMENT_TIMEOUT", "SECONDS", statement_timeout, "600",
          1, 86400,
          "how long the database may work on one statement before the request\nis told 503"),
    TEXT("spool-dir", 0, "NACHET_HTTP_SPOOL_DIR", "DIR", spool_dir, NULL,
         "where pictures wait that do not fit in memory\n(default: $TMPDIR, or /tmp)"),
    SIZE("spool-memory", "NACHET_HTTP_SPOOL_MEMORY", spool_memory, "128MB", 1024 * 1024,
         UINT64_C(1) << 40, "memory for waiting pictures and their names, of all requests"),
    SIZE("spool-size", "NACHET_HTTP_SPOOL_SIZE", spool_size, "64GB", 1024 * 1024, NO_LIMIT,
         "bytes of files for waiting pictures, of all requests; more are told 503"),
    SIZE("spool-reserve", "NACHET_HTTP_SPOOL_RESERVE", spool_reserve, "256MB", 0, NO_LIMIT,
         "bytes of their disk that these files leave free"),
    COUNT("header-timeout", "NACHET_HTTP_HEADER_TIMEOUT", "SECONDS", header_timeout, "30", 1, 86400,
          "how long a client may take for a request's headers, and be idle\nbetween two requests"),
    COUNT("idle-timeout", "NACHET_HTTP_IDLE_TIMEOUT", "SECONDS", idle_timeout, "60", 1, 86400,
          "how long a client may be silent in a body, or slower than --min-rate"),
    SIZE("min-rate", "NACHET_HTTP_MIN_RATE", min_rate, "1kB", 1, UINT64_C(1) << 40,
         "bytes a second that a client must send of a body, or take of an\nanswer, to keep its "
         "connection; time spent waiting for the database\nis not counted"),
    COUNT("drain-delay", "NACHET_HTTP_DRAIN_DELAY", "SECONDS", drain_delay, "0", 0, 3600,
          "how long it is not ready after SIGTERM, but still lets clients in,\nso that a balancer "
          "can turn away first"),
    COUNT("drain-timeout", "NACHET_HTTP_DRAIN_TIMEOUT", "SECONDS", drain_timeout, "30", 0, 86400,
          "how long requests under way may take to end after that"),
    ENUM("log-format", "NACHET_HTTP_LOG_FORMAT", "text|json", log_format, "text",
         "how lines on standard error are written"),
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
	      "Options, and the environment variables that set them too:\n",
	      stdout);
	nachet_option_table_print(table);
	fputs(
	    "\nSizes are in bytes, or in kB, MB, GB or TB of 1,024 each.\n"
	    "SIGHUP has the files of --jwt-key, --jwt-secret, --tls-cert and --tls-key read again.\n"
	    "SIGTERM and SIGINT let requests under way end, then stop the service; a second one stops "
	    "it at once.\n"
	    "Exit status: 0 stopped with nothing left under way; 1 failed; 2 wrong usage.\n\n"
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
		return "--auth=jwt needs --jwt-key or --jwt-secret";
	if (!jwt && (has_key || options->jwt_cookie != NULL || options->jwt_issuer != NULL ||
	             options->jwt_audience != NULL))
		return "--jwt-key, --jwt-secret, --jwt-cookie, --jwt-issuer and --jwt-audience go with "
		       "--auth=jwt, and it is not given";
	if (*options->jwt_claim == '\0')
		return "--jwt-claim must not be empty";
	if (proxy && (!has_header || !has_source))
		return "--auth=proxy needs --proxy-header and --proxy-from";
	if (!proxy && (has_header || has_source))
		return "--proxy-header and --proxy-from go with --auth=proxy, and it is not given";
	if (options->senders >= options->pool)
		return "--pool must be above --senders: a request needs a connection of its own to end";
	if ((options->tls_cert == NULL) != (options->tls_key == NULL))
		return "--tls-cert and --tls-key go together";
	if (options->spool_size < options->max_picture_size)
		return "--spool-size must not be below --max-picture-size, or such a picture never fits";
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
	return check_name(table, options->jwt_cookie, "--jwt-cookie must be a cookie's name") &&
	       check_name(table, options->proxy_header, "--proxy-header must be a header's name") &&
	       check_each(table, &options->proxy_from, is_network,
	                  "--proxy-from must be ADDRESS, ADDRESS/BITS or unix") &&
	       check_each(table, &options->origins.server_names, nachet_origin_name_valid,
	                  "--server-name must be a name alone, such as nachet.example.org, without "
	                  "scheme, port and path") &&
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
		nachet_option_table_complain(
		    &table, "'%s' is no option, and nothing else is taken (see nachet-http --help)",
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
