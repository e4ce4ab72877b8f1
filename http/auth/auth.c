/*
 * http/auth/auth.c
 *		The sender of a request: anyone, the holder of a token, or a user of the proxy.
 *
 * Each way looks at its own credentials alone: with tokens, a proxy's header says nothing, and the
 * other way round. A browser sends cookies along with whatever a page makes it send, so that a
 * token in a cookie counts only if the browser says which page that was.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <microhttpd.h>

#include "loader/client/error.h"
#include "loader/client/option_table.h"
#include "loader/client/text.h"
#include "http/auth/auth.h"
#include "http/auth/jwt.h"
#include "http/auth/jwt_keys.h"
#include "http/auth/networks.h"
#include "http/ops/log.h"
#include "http/options.h"
#include "http/request/head.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/shared.h"

struct NachetAuth
{
	const NachetHttpOptions *options;
	NachetJwtRules rules;
	NachetNetwork *networks; /* that the proxy's connections come from */
	int network_count;
	pthread_rwlock_t lock; /* of what follows */
	NachetJwtKeys *keys;   /* NULL if tokens are not asked for */
};

/* --- beginning, end, and new keys ------------------------------------------------------------- */

/* A reader does not keep a writer waiting for the next one, as is the default. */
static bool
create_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	bool made;

	if (pthread_rwlockattr_init(&attributes) != 0)
		return false;
	(void) pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	made = pthread_rwlock_init(lock, &attributes) == 0;
	pthread_rwlockattr_destroy(&attributes);
	return made;
}

/* The options were checked: each can be parsed. */
static bool
read_networks(NachetAuth *auth)
{
	const NachetTexts *texts = &auth->options->proxy_from;

	if (texts->count == 0)
		return true;
	auth->networks = calloc((size_t) texts->count, sizeof(*auth->networks));
	if (auth->networks == NULL)
		return false;
	while (auth->network_count < texts->count &&
	       nachet_networks_parse(texts->text[auth->network_count],
	                             &auth->networks[auth->network_count]))
		auth->network_count++;
	return true;
}

NachetAuth *
nachet_auth_create(const NachetHttpOptions *options)
{
	NachetAuth *auth = calloc(1, sizeof(*auth));
	NachetError error = NACHET_ERROR_INIT;

	if (auth == NULL || !create_lock(&auth->lock))
	{
		fprintf(stderr, "nachet-http: out of memory\n");
		free(auth);
		return NULL;
	}
	auth->options = options;
	auth->rules.claim = options->jwt_claim;
	auth->rules.issuer = options->jwt_issuer;
	auth->rules.audience = options->jwt_audience;
	auth->rules.leeway = options->jwt_leeway;
	if (!read_networks(auth))
		nachet_error_set(&error, "out of memory");
	else if (options->auth_kind == NACHET_AUTH_JWT)
		auth->keys = nachet_jwt_keys_read(&options->jwt_keys, &options->jwt_secrets, &error);
	if (!error.set)
		return auth;
	fprintf(stderr, "nachet-http: %s\n", error.message);
	nachet_error_clear(&error);
	nachet_auth_free(auth);
	return NULL;
}

void
nachet_auth_free(NachetAuth *auth)
{
	if (auth == NULL)
		return;
	nachet_jwt_keys_free(auth->keys);
	free(auth->networks);
	pthread_rwlock_destroy(&auth->lock);
	free(auth);
}

void
nachet_auth_reload(NachetAuth *auth)
{
	NachetError error = NACHET_ERROR_INIT;
	NachetJwtKeys *keys;
	NachetJwtKeys *old;

	if (auth->options->auth_kind != NACHET_AUTH_JWT)
		return;
	keys = nachet_jwt_keys_read(&auth->options->jwt_keys, &auth->options->jwt_secrets, &error);
	if (keys == NULL)
		nachet_log_warning("the keys were not reloaded: %s", error.message);
	else
	{
		pthread_rwlock_wrlock(&auth->lock);
		old = auth->keys;
		auth->keys = keys;
		pthread_rwlock_unlock(&auth->lock);
		nachet_jwt_keys_free(old);
		nachet_log("the keys were reloaded");
	}
	nachet_error_clear(&error);
}

/* --- refusing --------------------------------------------------------------------------------- */

/* The error is one of RFC 6750's, or NULL if there were no credentials at all. */
static void
refuse_token(NachetRequest *request, unsigned status, const char *error, const char *reason)
{
	int length = -1;

	if (error != NULL)
		length = asprintf(&request->challenge,
		                  "Bearer realm=\"nachet\", error=\"%s\", error_description=\"%s\"", error,
		                  reason);
	else
		length = asprintf(&request->challenge, "Bearer realm=\"nachet\"");
	if (length < 0)
		request->challenge = NULL;
	nachet_respond_problem(request, status, "%s", reason);
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* The log tells more of a refused token than its sender is told. */
static void
note_token(NachetRequest *request, const NachetToken *token, const char *flaw)
{
	NachetText claims = {0};

	nachet_jwt_describe(token->text, token->length, &claims);
	if (claims.length > 0 && request->reason == NULL &&
	    asprintf(&request->reason, "%s Unverified:%s", flaw, claims.bytes) < 0)
		request->reason = NULL;
	nachet_text_free(&claims);
}

static void
read_token(NachetAuth *auth, NachetRequest *request, const NachetToken *token)
{
	const char *flaw;

	pthread_rwlock_rdlock(&auth->lock);
	flaw = nachet_jwt_read(auth->keys, &auth->rules, token->text, token->length, time(NULL),
	                       &request->auth_email);
	pthread_rwlock_unlock(&auth->lock);
	if (flaw == NULL)
		return;
	note_token(request, token, flaw);
	refuse_token(request, MHD_HTTP_UNAUTHORIZED, "invalid_token", flaw);
}

/* Any page can make a browser send a cookie; the Origin was found to be an allowed one before. */
static bool
names_its_page(const NachetHeaders *headers)
{
	const char *site = headers->value[NACHET_HEADER_SEC_FETCH_SITE];

	return headers->value[NACHET_HEADER_ORIGIN] != NULL ||
	       (site != NULL && strcmp(site, "same-origin") == 0);
}

static const char *
missing_token(const NachetAuth *auth)
{
	if (auth->options->jwt_cookie == NULL)
		return "The request has no token: send it as \"Authorization: Bearer TOKEN\".";
	return "The request has no token: send it in the sign-in cookie or as \"Authorization: Bearer "
	       "TOKEN\".";
}

static void
check_token(NachetAuth *auth, NachetRequest *request, const NachetHeaders *headers)
{
	NachetToken token;

	switch (nachet_jwt_find(headers, auth->options->jwt_cookie, &token))
	{
		case NACHET_TOKEN_NONE:
			refuse_token(request, MHD_HTTP_UNAUTHORIZED, NULL, missing_token(auth));
			break;
		case NACHET_TOKEN_OTHER_SCHEME:
			refuse_token(request, MHD_HTTP_UNAUTHORIZED, NULL,
			             "The only supported Authorization is \"Bearer TOKEN\".");
			break;
		case NACHET_TOKEN_AMBIGUOUS:
			refuse_token(request, MHD_HTTP_BAD_REQUEST, "invalid_request",
			             "The request has several tokens that differ or come in cookies.");
			break;
		case NACHET_TOKEN_COOKIE:
			if (!names_its_page(headers))
				nachet_respond_problem(request, MHD_HTTP_FORBIDDEN,
				                       "A token in a cookie requires the header Origin.");
			else
				read_token(auth, request, &token);
			break;
		case NACHET_TOKEN_HEADER:
			read_token(auth, request, &token);
			break;
	}
}

/* --- a proxy that vouches for its users ------------------------------------------------------- */

static bool
is_proxy(const NachetAuth *auth, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *peer =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	for (int i = 0; i < auth->network_count && peer != NULL; i++)
	{
		if (nachet_networks_match(&auth->networks[i], peer->client_addr))
			return true;
	}
	return false;
}

typedef struct NamedHeader
{
	const char *name;
	const char *value;
	int count;
} NamedHeader;

static enum MHD_Result
collect_named(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	NamedHeader *header = context;

	(void) kind;
	if (strcasecmp(name, header->name) == 0)
	{
		header->value = value;
		header->count++;
	}
	return MHD_YES;
}

static void
check_proxy(const NachetAuth *auth, NachetRequest *request)
{
	NamedHeader header = {.name = auth->options->proxy_header};

	if (!is_proxy(auth, request->connection))
	{
		nachet_respond_problem(request, MHD_HTTP_FORBIDDEN,
		                       "Requests must come through the proxy.");
		return;
	}
	if (request->route->open)
		return;
	(void) MHD_get_connection_values(request->connection, MHD_HEADER_KIND, collect_named, &header);
	if (header.count == 1 && header.value != NULL && nachet_jwt_email_valid(header.value))
	{
		request->auth_email = strdup(header.value);
		if (request->auth_email == NULL)
			nachet_respond_out_of_memory(request);
		return;
	}
	/* A 401 must name a way to authenticate (RFC 9110); none is open to a client by itself. */
	request->challenge = strdup("Proxy realm=\"nachet\"");
	nachet_respond_problem(request, MHD_HTTP_UNAUTHORIZED,
	                       header.count == 0
	                           ? "The proxy sent no user."
	                           : "The user that the proxy sent is not a single e-mail address.");
}

void
nachet_auth_check(NachetRequest *request, const NachetHeaders *headers)
{
	NachetAuth *auth = request->server->auth;

	switch (auth->options->auth_kind)
	{
		case NACHET_AUTH_NONE:
			break;
		case NACHET_AUTH_JWT:
			if (!request->route->open)
				check_token(auth, request, headers);
			break;
		case NACHET_AUTH_PROXY:
			check_proxy(auth, request);
			break;
	}
}
