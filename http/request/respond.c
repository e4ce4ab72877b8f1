/*
 * http/request/respond.c
 *		Answers: JSON that the database made, plain text, and problem documents (RFC 9457).
 *
 * What a client reads is what it can act on. Words that could tell of the installation, such as libpq's on a
 * lost connection, go to the log and not into the answer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/text.h"
#include "http/request/cors.h"
#include "http/request/long_answer.h"
#include "http/request/reason.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/shared.h"

#define TYPE_JSON    "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_TEXT    "text/plain; charset=utf-8"

/* Takes the text over; NULL if there is no room for it. */
static struct MHD_Response *
create_response(NachetRequest *request, NachetText *text)
{
	bool is_long = text->length > NACHET_LONG_ANSWER_BYTES;
	struct MHD_Response *response = NULL;

	if (is_long)
		response = nachet_long_answer_create(request->server->spool, text->bytes, text->length);
	else if (!text->failed)
		response =
		    MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_FREE);
	if (response == NULL || is_long)
		nachet_text_free(text);
	return response;
}

/*
 * Takes the text over; type is NULL where there is none. A long answer that the spool has no room
 * for becomes a 503: in memory it would be for as long as the client takes. If memory ran out there
 * is no response, and the connection will be closed.
 */
static void
set_answer(NachetRequest *request, unsigned status, const char *type, NachetText *text)
{
	const char *bytes = text->length > NACHET_LONG_ANSWER_BYTES ? NULL : text->bytes;
	uint64_t length = text->length;
	struct MHD_Response *response = create_response(request, text);

	if (response == NULL && length > NACHET_LONG_ANSWER_BYTES)
	{
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "The service has no room for its answer now; try again later.");
		return;
	}
	request->status = status;
	request->answer_length = length;
	if (response == NULL)
		return;
	request->answer_bytes = bytes;
	if (type != NULL)
		(void) MHD_add_response_header(response, "Content-Type", type);
	(void) MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void) MHD_add_response_header(response, "Cache-Control", "no-store");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void) MHD_add_response_header(response, "Retry-After", NACHET_RETRY_AFTER_SECONDS);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED && request->route != NULL)
		(void) MHD_add_response_header(response, "Allow", request->route->allow);
	if (request->challenge != NULL)
		(void) MHD_add_response_header(response, "WWW-Authenticate", request->challenge);
	nachet_cors_add_headers(request, response);
	request->response = response;
}

void
nachet_respond_json(NachetRequest *request, unsigned status, const char *json)
{
	NachetText text = {0};

	if (request->status != 0)
		return;
	nachet_text_format(&text, "%s\n", json);
	set_answer(request, status, TYPE_JSON, &text);
}

void
nachet_respond_text(NachetRequest *request, unsigned status, const char *words)
{
	NachetText text = {0};

	if (request->status != 0)
		return;
	nachet_text_add(&text, words, strlen(words));
	set_answer(request, status, TYPE_TEXT, &text);
}

void
nachet_respond_empty(NachetRequest *request, unsigned status)
{
	NachetText text = {0};

	if (request->status == 0)
		set_answer(request, status, NULL, &text);
}

static void
add_member(NachetText *text, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	nachet_text_format(text, ",\"%s\":", name);
	nachet_text_json(text, value, strlen(value));
}

/* A problem document beside its detail; each may be NULL. */
typedef struct Problem
{
	const char *code;
	const char *hint;
	const char *missing;         /* a JSON array */
	const char *errors;          /* a JSON array */
	const char *errors_left_out; /* a number */
} Problem;

static void
add_json(NachetText *text, const char *name, const char *json)
{
	if (json != NULL)
		nachet_text_format(text, ",\"%s\":%s", name, json);
}

static void
set_problem(NachetRequest *request, unsigned status, const Problem *problem, const char *detail)
{
	NachetText text = {0};

	if (request->status != 0)
		return;
	nachet_text_format(&text, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u",
	                   MHD_get_reason_phrase_for(status), status);
	add_member(&text, "detail", detail);
	add_member(&text, "code", problem->code);
	add_member(&text, "hint", problem->hint);
	add_json(&text, "missing", problem->missing);
	add_json(&text, "errors", problem->errors);
	add_json(&text, "errors_left_out", problem->errors_left_out);
	nachet_text_format(&text, "}\n");
	set_answer(request, status, TYPE_PROBLEM, &text);
	if (request->reason == NULL && detail != NULL)
		request->reason = nachet_reason_of_detail(detail);
}

void
nachet_respond_listed(NachetRequest *request, unsigned status, const char *code, const char *hint,
                      const char *errors, const char *detail, ...)
{
	const Problem problem = {.code = code, .hint = hint, .errors = errors};
	char *words;
	va_list args;

	va_start(args, detail);
	if (vasprintf(&words, detail, args) < 0)
		words = NULL;
	va_end(args);
	set_problem(request, status, &problem, words);
	free(words);
}

void
nachet_respond_unsupported(NachetRequest *request, const char *header, const char *taken,
                           const char *detail)
{
	if (request->status != 0)
		return;
	nachet_respond_problem(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "%s", detail);
	if (request->response != NULL)
		(void) MHD_add_response_header(request->response, header, taken);
}

void
nachet_respond_missing(NachetRequest *request, const char *missing)
{
	const Problem problem = {
	    .code = NACHET_SQLSTATE_CONTENTS_MISSING,
	    .hint =
	        "Send what \"missing\" lists to /batch-import?stage=true, then this manifest again.",
	    .missing = missing,
	};

	set_problem(request, MHD_HTTP_CONFLICT, &problem,
	            "Pictures that the manifest names are not stored yet.");
}

void
nachet_respond_swept(NachetRequest *request)
{
	nachet_respond_refusal(request, MHD_HTTP_SERVICE_UNAVAILABLE, NACHET_SQLSTATE_CONTENTS_MISSING,
	                       "Send the same request again.",
	                       "Pictures were swept while the others came in.");
}

void
nachet_respond_spool_failure(NachetRequest *request, const NachetError *error)
{
	if (request->reason == NULL && error->message != NULL)
		request->reason = strdup(error->message);
	nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
	                       "The service has no room for this now; try again later.");
}

/* --- what the database said -------------------------------------------------------------------------- */

typedef struct Mapping
{
	const char *sqlstate; /* or how it begins */
	unsigned status;
	const char *words; /* instead of the database's own; NULL: those */
} Mapping;

#define TRY_AGAIN "The database has no room for this now; try again later."

/* The first that fits. */
static const Mapping mappings[] = {
    {NACHET_SQLSTATE_USER_NOT_REGISTERED, MHD_HTTP_FORBIDDEN, NULL},
    {NACHET_SQLSTATE_NOT_THE_USER, MHD_HTTP_FORBIDDEN, NULL},
    {NACHET_SQLSTATE_SEED_NOT_REGISTERED, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL},
    {NACHET_SQLSTATE_NOT_A_PICTURE, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL},
    {NACHET_SQLSTATE_BAD_DATA, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL},
    {NACHET_SQLSTATE_CONTENTS_MISSING, MHD_HTTP_SERVICE_UNAVAILABLE, NULL},
    {"54001", MHD_HTTP_BAD_REQUEST, "The request is nested too deeply."},
    {"54000", MHD_HTTP_CONTENT_TOO_LARGE, NULL}, /* program limit exceeded */
    {"42501", MHD_HTTP_INTERNAL_SERVER_ERROR,
     "The service's role in the database lacks a privilege: grant it nachet_importer."},
    {"3F000", MHD_HTTP_INTERNAL_SERVER_ERROR, "The datastore is not installed in the database."},
    {"42883", MHD_HTTP_INTERNAL_SERVER_ERROR,
     "The datastore that is installed in the database is not this service's."},
    {"40", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN}, /* transaction rollback: deadlocks */
    {"53", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN}, /* insufficient resources */
    {"55P03", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN},
    {"57", MHD_HTTP_SERVICE_UNAVAILABLE, "The database ended the work; try again later."},
    {"25006", MHD_HTTP_SERVICE_UNAVAILABLE, "The database takes nothing in now; try again later."},
};

static const Mapping *
find_mapping(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
	{
		if (strncmp(sqlstate, mappings[i].sqlstate, strlen(mappings[i].sqlstate)) == 0)
			return &mappings[i];
	}
	return NULL;
}

/* All that PostgreSQL said, on its own lines. */
static char *
whole_message(const NachetError *error)
{
	char *words = NULL;

	if (asprintf(&words, "%s%s%s", error->message, error->detail != NULL ? "\n" : "",
	             error->detail != NULL ? error->detail : "") < 0)
		return NULL;
	return words;
}

void
nachet_respond_error_listed(NachetRequest *request, unsigned bad_request, const NachetError *error,
                            const char *errors, const char *left_out)
{
	Problem problem = {.code = error->sqlstate, .errors = errors, .errors_left_out = left_out};
	const Mapping *mapping = find_mapping(error->sqlstate);
	unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	const char *words = "The service failed; its log tells why.";
	char *own;

	if (request->status != 0)
		return;
	own = whole_message(error);
	if (request->reason == NULL)
		request->reason = nachet_reason_of_error(error);
	if (error->unreachable)
	{
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
		words = "The database can't be reached, or is busy; try again later.";
	}
	else if (mapping != NULL)
	{
		status = mapping->status;
		words = mapping->words != NULL ? mapping->words : own;
	}
	else if (strncmp(error->sqlstate, "22", 2) == 0)
	{
		status = bad_request;
		words = own;
	}
	problem.hint = words == own ? error->hint : NULL;
	set_problem(request, status, &problem, words);
	free(own);
}

void
nachet_respond_error(NachetRequest *request, unsigned bad_request, const NachetError *error)
{
	nachet_respond_error_listed(request, bad_request, error, NULL, NULL);
}
