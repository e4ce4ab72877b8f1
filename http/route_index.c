/*
 * http/route_index.c
 *		GET /: says what is served here, until the upload page takes its place.
 */
#include "respond.h"
#include "router.h"

static uint64_t
body_limit(const NachetHttpOptions *options)
{
	(void) options;
	return 0;
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
	nachet_respond_text(
	    request, MHD_HTTP_OK,
	    "nachet-http " NACHET_VERSION "\n\n"
	    "POST /picture-form  application/json {\"email\"}\n"
	    "POST /batch-import  multipart/form-data with email, seed_name, zoom_level, nb_seeds and "
	    "files\n");
}

const NachetRoute nachet_route_index = {
    .path = "/",
    .allow = "GET, HEAD",
    .open = true,
    .body_limit = body_limit,
    .receive = receive,
    .answer = answer,
};
