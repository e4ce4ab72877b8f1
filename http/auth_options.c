/*
 * http/auth_options.c
 *		Whether the options on authentication and browsers go together.
 *
 * An option of a way that was not chosen is an error: who gives a key, and forgets to ask for tokens, would
 * have a service that is open to all.
 */
#include <string.h>

#include "loader/client/option_table.h"
#include "http/auth/networks.h"
#include "http/auth_options.h"
#include "http/request/origin.h"

/* What RFC 9110 calls a token: names of headers and of cookies. */
static bool
is_name(const char *text)
{
	static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
	                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return *text != '\0' && text[strspn(text, characters)] == '\0';
}

static bool
read_kind(NachetHttpOptions *options, const NachetOptionTable *table)
{
	static const char *const names[] = {
	    [NACHET_AUTH_NONE] = "none", [NACHET_AUTH_JWT] = "jwt", [NACHET_AUTH_PROXY] = "proxy"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(options->auth, names[i]) == 0)
		{
			options->auth_kind = (NachetAuthKind) i;
			return true;
		}
	}
	nachet_option_table_complain(table, "--auth must be none, jwt or proxy, not '%s'",
	                             options->auth);
	return false;
}

static bool
check_jwt(const NachetHttpOptions *options, const NachetOptionTable *table)
{
	bool chosen = options->auth_kind == NACHET_AUTH_JWT;
	bool has_key = options->jwt_keys.count > 0 || options->jwt_secrets.count > 0;

	if (chosen && !has_key)
		nachet_option_table_complain(table, "--auth=jwt needs --jwt-key or --jwt-secret");
	else if (!chosen && (has_key || options->jwt_cookie != NULL || options->jwt_issuer != NULL ||
	                     options->jwt_audience != NULL))
		nachet_option_table_complain(table,
		                             "--jwt-key, --jwt-secret, --jwt-cookie, --jwt-issuer and "
		                             "--jwt-audience go with --auth=jwt, and it is not given");
	else if (options->jwt_cookie != NULL && !is_name(options->jwt_cookie))
		nachet_option_table_complain(table, "--jwt-cookie must be a cookie's name, not '%s'",
		                             options->jwt_cookie);
	else if (*options->jwt_claim == '\0')
		nachet_option_table_complain(table, "--jwt-claim must not be empty");
	else
		return true;
	return false;
}

static bool
check_proxy(const NachetHttpOptions *options, const NachetOptionTable *table)
{
	bool chosen = options->auth_kind == NACHET_AUTH_PROXY;
	bool named = options->proxy_header != NULL;
	NachetNetwork network;

	if (chosen && (!named || options->proxy_from.count == 0))
		nachet_option_table_complain(table, "--auth=proxy needs --proxy-header and --proxy-from");
	else if (!chosen && (named || options->proxy_from.count > 0))
		nachet_option_table_complain(
		    table, "--proxy-header and --proxy-from go with --auth=proxy, and it is not given");
	else if (named && !is_name(options->proxy_header))
		nachet_option_table_complain(table, "--proxy-header must be a header's name, not '%s'",
		                             options->proxy_header);
	else
	{
		for (int i = 0; i < options->proxy_from.count; i++)
		{
			if (nachet_network_parse(options->proxy_from.text[i], &network))
				continue;
			nachet_option_table_complain(
			    table, "--proxy-from must be ADDRESS, ADDRESS/BITS or unix, not '%s'",
			    options->proxy_from.text[i]);
			return false;
		}
		return true;
	}
	return false;
}

static bool
check_names(const NachetHttpOptions *options, const NachetOptionTable *table)
{
	for (int i = 0; i < options->server_names.count; i++)
	{
		if (nachet_origin_name_valid(options->server_names.text[i]))
			continue;
		nachet_option_table_complain(table,
		                             "--server-name must be a name alone, such as "
		                             "nachet.example.org, without scheme, port and path, not '%s'",
		                             options->server_names.text[i]);
		return false;
	}
	return true;
}

static bool
check_origins(const NachetHttpOptions *options, const NachetOptionTable *table)
{
	for (int i = 0; i < options->allow_origins.count; i++)
	{
		if (nachet_origin_valid(options->allow_origins.text[i]))
			continue;
		nachet_option_table_complain(table,
		                             "--allow-origin must be an origin as browsers send it, "
		                             "http://NAME[:PORT] or https://NAME[:PORT], not '%s'",
		                             options->allow_origins.text[i]);
		return false;
	}
	return true;
}

bool
nachet_auth_options_check(NachetHttpOptions *options, const NachetOptionTable *table)
{
	return read_kind(options, table) && check_jwt(options, table) && check_proxy(options, table) &&
	       check_names(options, table) && check_origins(options, table);
}
