/*
 * http/request/respond.c
 *		Answers: JSON that the database made, and problem documents (RFC 9457).
 *
 * A client reads only what it can act on. Words about the installation, such as libpq's on a lost
 * connection, go to the log and not into the answer.
 *
 * The log has why a request was refused, without anything that its sender wrote. Messages quote
 * what they are about. Until it is known who sends a request, such a quotation may be anybody's
 * address or words, and a log is kept for long: it has the SQLSTATE and the key of what was
 * invalid, and the client alone the rest. Errors that are not about the request are logged in the
 * database's words.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/json.h"
#include "loader/client/text.h"
#include "http/body/spool.h"
#include "http/request/cors.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/request/route.h"
#include "http/shared.h"

#define TYPE_JSON    "application/json"
#define TYPE_PROBLEM "application/problem+json"

/* An answer up to this length may as well stay in memory. */
#define LONG_ANSWER_BYTES ((size_t) 256 * 1024)

/*
 * libmicrohttpd asks for a block, or for all that is left: so the buffer has room for whatever one
 * reading of the spool may put there.
 */
static ssize_t
read_answer(void *context, uint64_t offset, char *buffer, size_t capacity)
{
	NachetError error = NACHET_ERROR_INIT;
	const void *bytes;
	size_t length;

	if (!nachet_spooled_read(context, offset, buffer, &bytes, &length, &error))
	{
		nachet_error_clear(&error);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (length > capacity)
		length = capacity;
	if (bytes != buffer)
		memcpy(buffer, bytes, length);
	return (ssize_t) length;
}

static void
free_answer(void *context)
{
	nachet_spooled_free(context);
}

/* An answer in the spool instead of in memory, for clients that take it slowly. Copies the text. */
static struct MHD_Response *
create_long_response(struct NachetSpool *spool, const NachetText *text)
{
	NachetSpooled *spooled = nachet_spooled_create(spool);
	NachetError error = NACHET_ERROR_INIT;
	struct MHD_Response *response = NULL;

	if (spooled != NULL && nachet_spooled_write(spooled, text->bytes, text->length, &error))
		response = MHD_create_response_from_callback(text->length, NACHET_SPOOL_READ_BYTES,
		                                             read_answer, spooled, free_answer);
	if (response == NULL)
		nachet_spooled_free(spooled);
	nachet_error_clear(&error);
	return response;
}

/* Takes the text over; NULL if there is no room for it. */
static struct MHD_Response *
create_response(NachetRequest *request, NachetText *text)
{
	bool is_long = text->length > LONG_ANSWER_BYTES;
	struct MHD_Response *response = NULL;

	if (is_long)
		response = create_long_response(request->server->spool, text);
	else if (!text->failed)
		response =
		    MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_FREE);
	if (response == NULL || is_long)
		nachet_text_free(text);
	return response;
}

/*
 * Takes the text over; type is NULL if there is none. A long answer that the spool has no room
 * for becomes a 503: in memory it would be for as long as the client takes. If memory ran out there
 * is no response, and the connection will be closed.
 */
static void
set_answer(NachetRequest *request, unsigned status, const char *type, NachetText *text)
{
	const char *bytes = text->length > LONG_ANSWER_BYTES ? NULL : text->bytes;
	uint64_t length = text->length;
	struct MHD_Response *response = create_response(request, text);

	if (response == NULL && length > LONG_ANSWER_BYTES)
	{
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "The service has no memory for the response now; try again later.");
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
nachet_respond_empty(NachetRequest *request, unsigned status)
{
	NachetText text = {0};

	if (request->status == 0)
		set_answer(request, status, NULL, &text);
}

/* --- the reason in the log -------------------------------------------------------------------- */

/*
 * The keys of a request that the datastore or the service reads; they are our words and not the
 * sender's.
 */
static const char *const keys[] = {"email",    "seed_name", "zoom_level", "nb_seeds",
                                   "pictures", "dry_run",   "name"};

/* The key that a message quotes first; NULL if that is none. */
static const char *
quoted_key(const char *message)
{
	const char *quote = strchr(message, '"');

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && quote != NULL; i++)
	{
		size_t length = strlen(keys[i]);

		if (strncmp(quote + 1, keys[i], length) == 0 && quote[1 + length] == '"')
			return keys[i];
	}
	return NULL;
}

/* The client's sentence as the log has it; NULL if memory runs out. */
static char *
reason_of_detail(const char *detail)
{
	const char *first = strchr(detail, '"');
	const char *last = strrchr(detail, '"');
	const char *key = quoted_key(detail);
	char *reason;

	/* A quotation may hold quotes of its own: nothing between the first and the last is ours. */
	if (first == last || (key != NULL && last == first + 1 + strlen(key)))
		return strdup(detail);
	if (asprintf(&reason, "%.*s\"...%s", (int) (first - detail), detail, last) < 0)
		return NULL;
	return reason;
}

static void
add_member(NachetText *text, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		nachet_json_text(text, name, value);
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
begin_problem(NachetText *text, unsigned status, const char *detail)
{
	nachet_text_format(text, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u",
	                   MHD_get_reason_phrase_for(status), status);
	add_member(text, "detail", detail);
}

void
nachet_respond_write_problem(NachetText *text, unsigned status, const char *detail)
{
	begin_problem(text, status, detail);
	nachet_text_format(text, "}\n");
}

static void
set_problem(NachetRequest *request, unsigned status, const Problem *problem, const char *detail)
{
	NachetText text = {0};

	if (request->status != 0)
		return;
	begin_problem(&text, status, detail);
	add_member(&text, "code", problem->code);
	add_member(&text, "hint", problem->hint);
	add_json(&text, "missing", problem->missing);
	add_json(&text, "errors", problem->errors);
	add_json(&text, "errors_left_out", problem->errors_left_out);
	nachet_text_format(&text, "}\n");
	set_answer(request, status, TYPE_PROBLEM, &text);
	if (request->reason == NULL && detail != NULL)
		request->reason = reason_of_detail(detail);
}

const char *
nachet_respond_quote(NachetQuoted *quoted, const char *word)
{
	size_t length = word != NULL ? strlen(word) : 0; /* NULL if memory ran out for it */
	size_t kept = nachet_text_kept(word, length, NACHET_QUOTED_BYTES);

	if (kept > 0)
		memcpy(quoted->text, word, kept);
	strcpy(quoted->text + kept, kept < length ? "..." : "");
	return quoted->text;
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
	    .hint = "Send the pictures in \"missing\" to /batch-import?stage=true, then send this "
	            "manifest again.",
	    .missing = missing,
	};

	set_problem(request, MHD_HTTP_CONFLICT, &problem,
	            "The manifest names pictures that are not stored yet.");
}

void
nachet_respond_swept(NachetRequest *request)
{
	nachet_respond_refusal(request, MHD_HTTP_SERVICE_UNAVAILABLE, NACHET_SQLSTATE_CONTENTS_MISSING,
	                       "Send the same request again.",
	                       "A sweep removed some of the pictures during the upload.");
}

void
nachet_respond_spool_failure(NachetRequest *request, NachetError *error)
{
	if (request->reason == NULL && error->message != NULL)
		request->reason = strdup(error->message);
	nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
	                       "The service has no space for the pictures now; try again later.");
	nachet_error_clear(error);
}

void
nachet_respond_out_of_memory(NachetRequest *request)
{
	nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
}

/* --- what the database said ------------------------------------------------------------------- */

typedef struct Mapping
{
	const char *sqlstate; /* or how it begins */
	unsigned status;      /* 0: the caller's for invalid values */
	const char *words;    /* instead of the database's own; NULL: those */
	const char *reason;   /* likewise, for the log: of errors that quote the request */
} Mapping;

#define TRY_AGAIN "The database can't take the request now; try again later."
#define TOO_LARGE "the request is too large"
#define FAILED    "The service failed; see its log."

/* The first that fits; the last one always does. */
static const Mapping mappings[] = {
    {NACHET_SQLSTATE_USER_NOT_REGISTERED, MHD_HTTP_FORBIDDEN, NULL, "the user is not registered"},
    {NACHET_SQLSTATE_NOT_THE_USER, MHD_HTTP_FORBIDDEN, NULL,
     "the user is not the authenticated one"},
    {NACHET_SQLSTATE_SEED_NOT_REGISTERED, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL,
     "the seed is not registered"},
    {NACHET_SQLSTATE_NOT_A_PICTURE, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL,
     "a picture is not acceptable"},
    {NACHET_SQLSTATE_BAD_DATA, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL, "the data is invalid"},
    {NACHET_SQLSTATE_CONTENTS_MISSING, MHD_HTTP_SERVICE_UNAVAILABLE, NULL,
     "pictures are not stored"},
    {"22", 0, NULL, "a value is invalid"},
    {"54001", MHD_HTTP_BAD_REQUEST, "The request is nested too deeply.", TOO_LARGE},
    {"54000", MHD_HTTP_CONTENT_TOO_LARGE, NULL, TOO_LARGE}, /* program limit exceeded */
    {"54", MHD_HTTP_INTERNAL_SERVER_ERROR, FAILED, TOO_LARGE},
    {"42501", MHD_HTTP_INTERNAL_SERVER_ERROR,
     "The service's role in the database lacks a privilege: grant it nachet_importer.", NULL},
    {"3F000", MHD_HTTP_INTERNAL_SERVER_ERROR, "The datastore is not installed in the database.",
     NULL},
    {"42883", MHD_HTTP_INTERNAL_SERVER_ERROR,
     "The datastore in the database does not match the version of this service.", NULL},
    {"40", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN, NULL}, /* transaction rollback: deadlocks */
    {"53", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN, NULL}, /* insufficient resources */
    {"55P03", MHD_HTTP_SERVICE_UNAVAILABLE, TRY_AGAIN, NULL},
    {"57", MHD_HTTP_SERVICE_UNAVAILABLE, "The database cancelled the request; try again later.",
     NULL},
    {"25006", MHD_HTTP_SERVICE_UNAVAILABLE, "The database is read-only now; try again later.",
     NULL},
    {"", MHD_HTTP_INTERNAL_SERVER_ERROR, FAILED, NULL},
};

static const Mapping *
find_mapping(const char *sqlstate)
{
	const Mapping *mapping = mappings;

	while (strncmp(sqlstate, mapping->sqlstate, strlen(mapping->sqlstate)) != 0)
		mapping++;
	return mapping;
}

/* The database's refusal as the log has it; NULL if memory runs out. */
static char *
reason_of_error(const NachetError *error, const char *words)
{
	const char *key = words != NULL ? quoted_key(error->message) : NULL;
	bool coded = *error->sqlstate != '\0';
	char *reason;

	if (asprintf(&reason, "%s%s%s%s%s%s", words != NULL ? words : error->message,
	             key != NULL ? ": " : "", key != NULL ? key : "", coded ? " (" : "",
	             error->sqlstate, coded ? ")" : "") < 0)
		return NULL;
	return reason;
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
	unsigned status = mapping->status != 0 ? mapping->status : bad_request;
	char *own;
	const char *words;

	if (request->status != 0)
		return;
	own = whole_message(error);
	words = mapping->words != NULL ? mapping->words : own;
	if (error->unreachable)
	{
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
		words = "The database can't be reached, or is busy; try again later.";
	}
	problem.hint = words == own ? error->hint : NULL;
	if (request->reason == NULL)
		request->reason = reason_of_error(error, mapping->reason);
	set_problem(request, status, &problem, words);
	free(own);
}

void
nachet_respond_error(NachetRequest *request, unsigned bad_request, const NachetError *error)
{
	nachet_respond_error_listed(request, bad_request, error, NULL, NULL);
}
