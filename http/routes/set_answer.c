/*
 * http/routes/set_answer.c
 *		The answer to an import that makes a picture set, whatever the form it came in.
 */
#include <string.h>
#include <microhttpd.h>

#include "http/ops/metrics.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/set_answer.h"

void
nachet_set_answer(NachetRequest *request, const char *result, const char *json)
{
	if (strcmp(result, "created") == 0)
	{
		nachet_metrics_add(NACHET_COUNT_SETS_CREATED, 1);
		nachet_respond_json(request, MHD_HTTP_CREATED, json);
	}
	else if (strcmp(result, "present") == 0)
	{
		nachet_metrics_add(NACHET_COUNT_SETS_PRESENT, 1);
		nachet_respond_json(request, MHD_HTTP_OK, json);
	}
	else
		nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
		                       "The datastore gave an answer that is not known: \"%.40s\".",
		                       result);
}
