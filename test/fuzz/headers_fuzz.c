/*
 * test/fuzz/headers_fuzz.c
 *		Headers that decide whether a request is served: Host, Origin, Content-Type, X-Request-Id, each against a
 *		regular expression of what may stand there.
 *
 * Input: Host, Origin, a --server-name, an --allow-origin, Content-Type, X-Request-Id, each up to a NUL; whether TLS is spoken.
 */
#include <regex.h>
#include <stdbool.h>
#include <strings.h>

#include "http/body/mime.h"
#include "http/request/origin.h"
#include "http/request/request_id.h"
#include "fuzz.h"

#define NAME "(\\[[^]]*\\]|[^:[][^:]*)(:[0-9]{1,5})?"

static regex_t host_form;
static regex_t origin_form;
static regex_t json_form;
static regex_t given_id_form;
static regex_t made_id_form;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	/* Bytes, not characters: no locale is set. */
	CLAIM(regcomp(&host_form, "^" NAME "$", REG_EXTENDED) == 0);
	CLAIM(regcomp(&origin_form,
	              "^https?://(\\[[^]/?#@*, \t]*\\]|[^:[/?#@*, \t][^:/?#@*, \t]*)(:[0-9]{1,5})?$",
	              REG_EXTENDED | REG_ICASE) == 0);
	CLAIM(regcomp(&json_form, "^application/json([ \t]*;[ \t]*charset=(utf-8|\"utf-8\"))*[ \t]*$",
	              REG_EXTENDED | REG_ICASE) == 0);
	CLAIM(regcomp(&given_id_form, "^[A-Za-z0-9._-]{1,64}$", REG_EXTENDED) == 0);
	CLAIM(regcomp(&made_id_form,
	              "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
	              REG_EXTENDED) == 0);
	return 0;
}

static bool
has_form(const regex_t *form, const char *text)
{
	return regexec(form, text, 0, NULL, 0) == 0;
}

/* The name in a Host; "" where it is no such header. The caller frees it. */
static char *
name_of(const char *host)
{
	regmatch_t part[2];
	bool good = regexec(&host_form, host, 2, part, 0) == 0;
	char *name = good ? strndup(host, (size_t) part[1].rm_eo) : strdup("");

	CLAIM(name != NULL);
	return name;
}

static bool
is_scheme_and(const char *origin, const char *scheme, const char *host)
{
	char *whole = NULL;
	bool same;

	CLAIM(asprintf(&whole, "%s%s", scheme, host) >= 0);
	same = strcasecmp(origin, whole) == 0;
	free(whole);
	return same;
}

static void
check_host_and_origin(const char *host, const char *origin, const char *server_name,
                      const char *allowed, bool tls)
{
	NachetOriginRules rules = {.server_names = {.text = &server_name, .count = 1},
	                           .allowed = {.text = &allowed, .count = 1},
	                           .tls = tls};
	char *name = name_of(host);
	bool named = *name != '\0' && strcasecmp(name, server_name) == 0;
	bool listed = strcasecmp(origin, allowed) == 0;
	bool own = (tls || named) && is_scheme_and(origin, "https://", host);

	CLAIM(nachet_origin_host_allowed(&rules, host) ==
	      (named || strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 ||
	       strcmp(name, "[::1]") == 0));
	CLAIM(!nachet_origin_name_valid(server_name) ||
	      nachet_origin_host_allowed(&rules, server_name));
	CLAIM(nachet_origin_valid(origin) == has_form(&origin_form, origin));
	CLAIM(nachet_origin_listed(&rules, origin) == listed);
	own = own || (!tls && is_scheme_and(origin, "http://", host));
	CLAIM(nachet_origin_allowed(&rules, origin, host) == (own || listed));
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char id[NACHET_REQUEST_ID_MAX + 1];
	char *text[6];

	for (int i = 0; i < 6; i++)
		text[i] = fuzz_text(&at, bytes + size);
	/* No option gives an empty name. */
	if (*text[2] != '\0' && *text[3] != '\0')
		check_host_and_origin(text[0], text[1], text[2], text[3],
		                      at < bytes + size && *at % 2 == 1);
	CLAIM(nachet_mime_type_is_json(text[4]) == has_form(&json_form, text[4]));
	nachet_request_id_choose(id, text[5]);
	if (has_form(&given_id_form, text[5]))
		CLAIM(strcmp(id, text[5]) == 0);
	else
		CLAIM(has_form(&made_id_form, id));
	for (int i = 0; i < 6; i++)
		free(text[i]);
	return 0;
}
