/*
 * loader/service/answer.c
 *		What the answers of nachet-http say.
 *
 * They are another machine's words: nothing in them is taken for granted, and they are made
 * visible. Answers are short (client.c bounds them), so they are read whole.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/client/datastore.h"
#include "loader/client/text.h"
#include "pure/hex.h"
#include "loader/service/answer.h"

/* --- refusals --------------------------------------------------------------------------------- */

/* Reads a problem document. Its detail's first line is the message, the rest the detail. */
static bool
take_problem(const json_t *problem, NachetError *error)
{
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *code = json_string_value(json_object_get(problem, "code"));
	const char *hint = json_string_value(json_object_get(problem, "hint"));
	const char *said = detail != NULL ? detail : title;
	size_t length = said != NULL ? strcspn(said, "\n") : 0;
	char *message;

	if (length == 0)
		return false;
	message = nachet_visible(said, length, 0);
	nachet_error_set(error, "%s", message != NULL ? message : "out of memory");
	free(message);
	if (said[length] == '\n')
		error->detail =
		    nachet_visible(said + length + 1, strlen(said + length + 1), NACHET_VISIBLE_LINES);
	if (hint != NULL)
		error->hint = nachet_visible(hint, strlen(hint), NACHET_VISIBLE_LINES);
	if (code != NULL && strlen(code) == 5 &&
	    strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5)
		memcpy(error->sqlstate, code, sizeof(error->sqlstate));
	return true;
}

static void
set_hint(NachetError *error, const char *hint)
{
	if (error->hint == NULL)
		error->hint = strdup(hint);
}

/* What to do about a refusal that does not say so itself. */
static void
add_hint(long status, const NachetOptions *options, NachetError *error)
{
	if (status >= 300 && status < 400)
		set_hint(error, "Redirects are not followed: give the final address as --url.");
	else if (status == 404 || status == 405)
		set_hint(error, "--url must be the address of nachet-http, without /picture-form.");
	else if (status == 401 && options->token_file == NULL)
		set_hint(error, "Use --token-file to name a file with your token.");
	else if (status == 401)
		set_hint(error, "The token in --token-file is invalid or has expired: get a new one.");
	else if (status == 413)
		set_hint(error,
		         "The service, or a proxy before it, does not accept requests of this size.");
}

/* Whether the same may succeed later: busy, away, or failed without a reason of the database. */
static void
judge_status(const NachetServiceAnswer *answer, NachetError *error)
{
	long status = answer->status;

	error->unreachable = status == 502 || status == 503 || status == 504;
	error->transient =
	    error->unreachable || status == 408 || status == 429 ||
	    (status >= 500 && status != 501 && status != 505 && error->sqlstate[0] == '\0');
	error->wait_seconds = error->transient ? answer->wait_seconds : 0;
	if (status == 409)
		memcpy(error->sqlstate, NACHET_SQLSTATE_CONTENTS_MISSING, sizeof(error->sqlstate));
}

static void
refuse(const NachetServiceAnswer *answer, const json_t *object, const NachetOptions *options,
       NachetError *error)
{
	char *location = answer->location != NULL
	                     ? nachet_visible(answer->location, strlen(answer->location), 0)
	                     : NULL;

	if (location != NULL)
		nachet_error_set(error, "%s answers with a redirect to %s", options->url, location);
	else if (!take_problem(object, error))
		nachet_error_set(error, "%s answers with the HTTP status %ld", options->url,
		                 answer->status);
	free(location);
	judge_status(answer, error);
	add_hint(answer->status, options, error);
}

json_t *
nachet_service_answer_read(const NachetServiceAnswer *answer, const NachetOptions *options,
                           NachetError *error)
{
	json_t *object = NULL;

	if (answer->json && !answer->cut && answer->text.length > 0)
		object = json_loadb(answer->text.bytes, answer->text.length, JSON_REJECT_DUPLICATES, NULL);
	if (answer->status != 200 && answer->status != 201)
		refuse(answer, object, options, error);
	else if (!json_is_object(object))
	{
		nachet_error_set(error, "%s does not respond like nachet-http", options->url);
		add_hint(404, options, error);
	}
	else
		return object;
	json_decref(object);
	return NULL;
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool
fail_member(NachetError *error, const char *what)
{
	nachet_error_set(error, "unexpected response from the service: \"%s\" is missing or invalid",
	                 what);
	return false;
}

static uint64_t
limit_of(const json_t *limits, const char *name)
{
	json_int_t limit = json_integer_value(json_object_get(limits, name));

	return limit > 0 ? (uint64_t) limit : UINT64_MAX;
}

bool
nachet_service_answer_limits(const json_t *object, NachetServiceLimits *limits, NachetError *error)
{
	const json_t *given = json_object_get(object, "limits");

	if (!json_is_object(given))
		return fail_member(error, "limits");
	limits->picture_bytes = limit_of(given, "picture_bytes");
	limits->request_bytes = limit_of(given, "request_bytes");
	limits->request_pictures = limit_of(given, "request_pictures");
	limits->manifest_bytes = limit_of(given, "manifest_bytes");
	limits->manifest_pictures = limit_of(given, "manifest_pictures");
	return true;
}

bool
nachet_service_answer_set_id(const json_t *object, char set_id[NACHET_UUID_TEXT],
                             NachetError *error)
{
	const char *text = json_string_value(json_object_get(object, "picture_set_id"));

	if (text == NULL || strlen(text) != NACHET_UUID_TEXT - 1 ||
	    strspn(text, "0123456789abcdef-") != NACHET_UUID_TEXT - 1)
		return fail_member(error, "picture_set_id");
	memcpy(set_id, text, NACHET_UUID_TEXT);
	return true;
}

static bool
is_digest(const json_t *value, const unsigned char digest[NACHET_SHA256_BYTES])
{
	const char *text = json_string_value(value);
	unsigned char bytes[NACHET_SHA256_BYTES];

	return text != NULL && json_string_length(value) == 2 * sizeof(bytes) &&
	       nachet_hex_decode(text, sizeof(bytes), bytes) &&
	       memcmp(bytes, digest, sizeof(bytes)) == 0;
}

bool
nachet_service_answer_missing(const json_t *object, NachetBatch *batch, size_t first, size_t count,
                              NachetError *error)
{
	const json_t *missing = json_object_get(object, "missing");
	size_t next = 0;

	for (size_t i = first; i < first + count; i++)
	{
		batch->missing[i] = is_digest(json_array_get(missing, next), batch->digest[i]);
		next += batch->missing[i];
	}
	/* One that was not asked about would be left over. */
	if (!json_is_array(missing) || next != json_array_size(missing))
		return fail_member(error, "missing");
	return true;
}

bool
nachet_service_answer_staged(const json_t *object, NachetReader *reader, const size_t *index,
                             size_t count, NachetError *error)
{
	const json_t *pictures = json_object_get(object, "pictures");

	if (json_array_size(pictures) != count)
		return fail_member(error, "pictures");
	for (size_t i = 0; i < count; i++)
	{
		const json_t *picture = json_array_get(pictures, i);
		const char *reason = json_string_value(json_object_get(picture, "reason"));
		char *visible;

		if (!is_digest(json_object_get(picture, "sha256"),
		               nachet_files_digest(reader->files, index[i])))
			return nachet_reader_refuse(reader, index[i], "changed on the way to the service",
			                            error);
		if (reason == NULL)
			continue;
		visible = nachet_visible(reason, strcspn(reason, "\n"), 0);
		(void) nachet_reader_refuse(reader, index[i],
		                            visible != NULL ? visible : "is not a picture", error);
		free(visible);
		return false;
	}
	return true;
}
