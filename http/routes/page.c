/*
 * http/routes/page.c
 *		GET / and GET /page/NAME: the upload page and its files.
 *
 * The page may run nothing and load nothing that does not come from here, and nothing may frame it: that is
 * the policy below, sent with every file. A browser keeps the files and asks each time whether they are still
 * the same (no-cache), so that a page is never made of two versions' modules.
 */
#include <string.h>
#include <microhttpd.h>

#include "http/options.h"
#include "http/request/request.h"
#include "http/request/route.h"
#include "http/routes/page.h"
#include "http/routes/page_machine_made.h"

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

const NachetPageFile *
nachet_page_find(const char *path)
{
	for (size_t i = 0; i < nachet_page_file_count; i++)
	{
		if (strcmp(nachet_page_files[i].path, path) == 0)
			return &nachet_page_files[i];
	}
	return strcmp(path, NACHET_PAGE_MACHINE_MADE) == 0 ? nachet_page_machine_made() : NULL;
}

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	(void) options;
	return 0;
}

/*
 * Whether If-None-Match names this tag. Tags are compared weakly (RFC 9110, 13.1.2), because proxies that
 * compress make ours weak; they hold no comma.
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
