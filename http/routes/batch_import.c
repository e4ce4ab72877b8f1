/*
 * http/routes/batch_import.c
 *		POST /batch-import: which of its forms a request has.
 */
#include <string.h>
#include <strings.h>
#include <microhttpd.h>

#include "http/body/mime.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"

/* The query parameters, as they were sent. */
typedef struct Parameters
{
	bool stage;
	bool stage_given;
	bool wrong;
} Parameters;

static enum MHD_Result
read_parameter(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Parameters *parameters = context;

	(void) kind;
	if (strcmp(name, "stage") != 0 || parameters->stage_given || value == NULL ||
	    (strcmp(value, "true") != 0 && strcmp(value, "false") != 0))
		parameters->wrong = true;
	else
	{
		parameters->stage_given = true;
		parameters->stage = strcmp(value, "true") == 0;
	}
	return MHD_YES;
}

static bool
is_multipart(const char *content_type)
{
	static const char multipart[] = "multipart/form-data";

	return content_type != NULL && strncasecmp(content_type, multipart, sizeof(multipart) - 1) == 0;
}

static const NachetRoute *
choose(NachetRequest *request)
{
	Parameters parameters = {false};

	(void) MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, read_parameter,
	                                 &parameters);
	if (parameters.wrong)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The only query parameter of /batch-import is stage=true.");
	else if (is_multipart(request->content_type))
		return parameters.stage ? &nachet_form_stage : &nachet_form_folder;
	else if (parameters.stage)
		nachet_respond_unsupported(request, "Accept", "multipart/form-data",
		                           "The body must be multipart/form-data: with stage=true the "
		                           "pictures' bytes are stored.");
	else if (nachet_mime_type_is_json(request->content_type))
		return &nachet_form_manifest;
	else
		nachet_respond_unsupported(request, "Accept", "multipart/form-data, application/json",
		                           "The body must be multipart/form-data, or application/json.");
	return &nachet_route_batch_import;
}

const NachetRoute nachet_route_batch_import = {
    .path = "/batch-import",
    .allow = "POST",
    .choose = choose,
};
