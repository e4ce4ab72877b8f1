/*
 * test/extension/unit/sigv4_test.c
 *		A module for a test server, whose one function signs a request and shows its Authorization header.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "offload/sigv4.h"
#include "offload/store.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(sigv4_test);

/* sigv4_test(method, url, headers text[], payload, service, token, at bigint) returns text; an empty token is none. */
Datum
sigv4_test(PG_FUNCTION_ARGS)
{
	const char *token = text_to_cstring(PG_GETARG_TEXT_PP(5));
	NachetSigv4 signer = {
	    .access_key = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(4)), "s3") == 0
	                      ? "AKIAIOSFODNN7EXAMPLE"
	                      : "AKIDEXAMPLE",
	    .secret_key = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(4)), "s3") == 0
	                      ? "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	                      : "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	    .token = *token != '\0' ? token : NULL,
	    .region = "us-east-1",
	    .service = text_to_cstring(PG_GETARG_TEXT_PP(4)),
	};
	NachetCurlRequest *request = palloc0(sizeof(NachetCurlRequest));
	Datum *headers;
	int count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &headers, NULL,
	                  &count);
	request->method = text_to_cstring(PG_GETARG_TEXT_PP(0));
	request->url = text_to_cstring(PG_GETARG_TEXT_PP(1));
	for (int i = 0; i < count; i++)
		request->headers = lappend(request->headers, TextDatumGetCString(headers[i]));
	nachet_sigv4_sign(&signer, request, text_to_cstring(PG_GETARG_TEXT_PP(3)), PG_GETARG_INT64(6));
	PG_RETURN_TEXT_P(cstring_to_text(llast(request->headers)));
}

/* As in extension/offload/store.c, which needs the rest of the store. */
void
nachet_object_store_header(NachetCurlRequest *request, const char *name, const char *value)
{
	request->headers = lappend(request->headers, psprintf("%s: %s", name, value));
}
