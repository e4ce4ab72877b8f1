/*
 * test/fuzz/urls_fuzz.c
 *		--url: what is taken has a plain form, and a token goes nowhere in the open.
 */
#include <regex.h>
#include <stdbool.h>
#include <strings.h>

#include "loader/service/url.h"
#include "fuzz.h"

/* Scheme, name, port, path. Names of other forms (numbers in other bases, %HH) are libcurl's to read. */
static regex_t plain_form;

/* Few and short labels: what libcurl makes of others differs between its versions. */
#define DOMAIN "[a-z][a-z0-9-]{0,60}(\\.[a-z][a-z0-9-]{0,60}){0,2}"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	CLAIM(regcomp(&plain_form,
	              "^(https?)://(" DOMAIN "|1[0-2][0-9]\\.[1-9]\\.[1-9]\\.[1-9]|\\[::1\\])"
	              "(:[1-9][0-9]{0,3})?(/[a-z0-9/_.-]*)?$",
	              REG_EXTENDED | REG_ICASE) == 0);
	return 0;
}

static void
check_plain(const char *url, const regmatch_t *part)
{
	char *name = strndup(url + part[2].rm_so, (size_t) (part[2].rm_eo - part[2].rm_so));
	bool secure = part[1].rm_eo - part[1].rm_so == 5;
	bool here;

	CLAIM(name != NULL && nachet_service_url_flaw(url) == NULL);
	here = strcasecmp(name, "localhost") == 0 || name[0] == '[' || strncmp(name, "127.", 4) == 0;
	CLAIM(nachet_service_url_is_open(url) == (!secure && !here));
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = bytes;
	char *url = fuzz_text(&at, bytes + size);
	regmatch_t part[3];

	if (regexec(&plain_form, url, 3, part, 0) == 0)
		check_plain(url, part);
	else if (nachet_service_url_flaw(url) == NULL)
	{
		const char *authority = strchr(url, '/');

		CLAIM(strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0);
		CLAIM(strpbrk(url, "?#") == NULL && authority != NULL);
		authority += strspn(authority, "/");
		CLAIM(memchr(authority, '@', strcspn(authority, "/")) == NULL);
		for (const unsigned char *byte = (const unsigned char *) url; *byte != '\0'; byte++)
			CLAIM(*byte > 0x20 && *byte != 0x7f);
		/* Encrypted, or to this machine: there is no third way. */
		CLAIM(nachet_service_url_is_open(url) || strncasecmp(url, "https:", 6) == 0 ||
		      strcasestr(authority, "localhost") != NULL ||
		      strpbrk(authority, "0123456789%") != NULL);
	}
	free(url);
	return 0;
}
