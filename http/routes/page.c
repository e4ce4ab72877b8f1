/*
 * http/routes/page.c
 *		GET / and GET /page/NAME: the upload page and its files.
 *
 * The page may run nothing and load nothing that does not come from here, and nothing may frame it:
 * that is the policy below, sent with every file. A browser keeps the files and asks each time
 * whether they are still the same (no-cache), so that a page is never made of two versions'
 * modules.
 *
 * One module is not a file: it lists machine-made files. There is one list of them, that of
 * extension/pure/names.c, and the module is made of it at the start, so that the page leaves out
 * what the service leaves out.
 */
#include <stdio.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/sha256.h"
#include "loader/client/text.h"
#include "pure/names.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/route.h"
#include "http/routes/page.h"

#define MACHINE_MADE "/page/machine_made.js"

static const struct
{
	const char *name;
	const char *value;
} headers[] = {
    {"Cache-Control", "no-cache"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
     "connect-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; "
     "frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
     "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
};

/* --- the module of machine-made files --------------------------------------------------------- */

/* Made at the start, for the whole run of the program. */
static NachetText module;
static char module_tag[2 * 16 + 3];
static NachetPageFile machine_made = {MACHINE_MADE, "text/javascript; charset=utf-8", module_tag,
                                      NULL, 0};

static bool
make_tag(void)
{
	unsigned char digest[NACHET_SHA256_BYTES];
	NachetSha256 *sha256 = nachet_sha256_create();
	bool made = sha256 != NULL && nachet_sha256_begin(sha256) &&
	            nachet_sha256_update(sha256, module.bytes, module.length) &&
	            nachet_sha256_finish(sha256, digest);
	char *at = module_tag;

	nachet_sha256_free(sha256);
	if (!made)
		return false;
	*at++ = '"';
	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%02x", digest[i]);
	*at++ = '"';
	*at = '\0';
	return true;
}

/* The patterns of files, or of folders, as one string: a '/' parts them, which no name holds. */
static void
add_patterns(const char *name, int kind)
{
	const NachetMachineMadeRow *row;
	NachetText patterns = {0};

	for (size_t i = 0; (row = nachet_machine_made_row(i)) != NULL; i++)
	{
		if ((row->kinds & kind) != 0)
			nachet_text_format(&patterns, "%s%s", patterns.length > 0 ? "/" : "", row->pattern);
	}
	nachet_text_format(&module, "export const %s=", name);
	nachet_text_json(&module, patterns.bytes, patterns.length);
	nachet_text_format(&module, ".split(\"/\");\n");
	module.failed = module.failed || patterns.failed;
	nachet_text_free(&patterns);
}

bool
nachet_page_make(void)
{
	add_patterns("files", NACHET_MACHINE_MADE_FILES);
	add_patterns("folders", NACHET_MACHINE_MADE_FOLDERS);
	if (module.failed || !make_tag())
		return false;
	machine_made.bytes = (const unsigned char *) module.bytes;
	machine_made.length = module.length;
	return true;
}

/* --- the route -------------------------------------------------------------------------------- */

const NachetPageFile *
nachet_page_find(const char *path)
{
	for (size_t i = 0; i < nachet_page_file_count; i++)
	{
		if (strcmp(nachet_page_files[i].path, path) == 0)
			return &nachet_page_files[i];
	}
	return strcmp(path, MACHINE_MADE) == 0 ? &machine_made : NULL;
}

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	(void) options;
	return 0;
}

/*
 * Whether If-None-Match names this tag. Tags are compared weakly (RFC 9110, 13.1.2), because
 * proxies that compress make ours weak; they hold no comma.
 */
static bool
client_has(const char *list, const char *tag)
{
	size_t length = strlen(tag);

	while (list != NULL && *list != '\0')
	{
		list += strspn(list, " \t,");
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (*list == '*' ||
		    (strncmp(list, tag, length) == 0 && strchr(" \t,", list[length]) != NULL))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static void
receive(NachetRequest *request, const char *bytes, size_t length)
{
	(void) request;
	(void) bytes;
	(void) length;
}

static void
answer(NachetRequest *request)
{
	const NachetPageFile *file = nachet_page_find(request->path);
	const char *list =
	    MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "If-None-Match");
	bool same = client_has(list, file->tag);
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    same ? 0 : file->length, (void *) file->bytes, MHD_RESPMEM_PERSISTENT);

	request->status = same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
	request->answer_length = same ? 0 : file->length;
	request->response = response;
	if (response == NULL)
		return;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void) MHD_add_response_header(response, headers[i].name, headers[i].value);
	(void) MHD_add_response_header(response, "ETag", file->tag);
	if (!same)
		(void) MHD_add_response_header(response, "Content-Type", file->media_type);
}

const NachetRoute nachet_route_page = {
    .path = "/",
    .allow = "GET, HEAD",
    .open = true,
    .any_query = true, /* login pages and mail programs append some */
    .body_limit = body_limit,
    .receive = receive,
    .answer = answer,
};
