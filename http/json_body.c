/*
 * http/json_body.c
 *		A body of JSON, which goes to the database as it came.
 *
 * A body may be long and its client slow: it is spooled until it is whole, and only then, while the database is asked,
 * does it lie in memory as one. Long ones take that memory from a budget that all requests share.
 */
#include <stdlib.h>
#include <string.h>

#include "pure/names.h"
#include "budget.h"
#include "json_body.h"
#include "respond.h"

/* A body up to this length does not count: there are no more of them than connections. */
#define SHORT_BYTES ((uint64_t) 64 * 1024)

/* The least budget, so that short manifests do not wait for each other where long ones are not taken. */
#define LEAST_MEMORY (UINT64_C(16) * 1024 * 1024)

typedef struct Body
{
	NachetSpooled *spooled; /* NULL once it was loaded */
	char *text;             /* NULL unless it is loaded */
	uint64_t taken;         /* of the budget */
} Body;

uint64_t
nachet_json_body_memory(const NachetHttpOptions *options)
{
	return options->max_manifest_size > LEAST_MEMORY ? options->max_manifest_size : LEAST_MEMORY;
}

static void
out_of_memory(NachetRequest *request)
{
	nachet_respond_problem(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "Out of memory.");
}

void
nachet_json_body_begin(NachetRequest *request)
{
	Body *body = calloc(1, sizeof(*body));

	request->state = body;
	if (body != NULL)
		body->spooled = nachet_spooled_create(request->server->spool);
	if (body == NULL || body->spooled == NULL)
		out_of_memory(request);
}

void
nachet_json_body_receive(NachetRequest *request, const char *bytes, size_t length)
{
	Body *body = request->state;
	NachetError error = NACHET_ERROR_INIT;

	if (!nachet_spooled_write(body->spooled, bytes, length, &error))
		nachet_respond_spool_failure(request, &error);
	nachet_error_clear(&error);
}

/* Reserves memory for the text; false where the request has its answer. */
static bool
take_memory(NachetRequest *request, Body *body)
{
	const NachetServer *server = request->server;
	bool taken;

	if (body->spooled->size <= SHORT_BYTES)
		return true;
	taken = nachet_budget_take(server->json_memory, body->spooled->size,
	                           (unsigned) server->options->pool_wait);
	if (taken)
		body->taken = body->spooled->size;
	else
		nachet_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		                       "The service has other manifests to read; try again later.");
	return taken;
}

static bool
read_spooled(const NachetSpooled *spooled, char *text, NachetError *error)
{
	char *buffer = malloc(NACHET_SPOOL_READ_BYTES);
	uint64_t offset = 0;

	if (buffer == NULL)
		nachet_error_set(error, "out of memory");
	while (!error->set && offset < spooled->size)
	{
		const void *bytes;
		size_t length;

		if (nachet_spooled_read(spooled, offset, buffer, &bytes, &length, error))
		{
			memcpy(text + offset, bytes, length);
			offset += length;
		}
	}
	text[offset] = '\0';
	free(buffer);
	return !error->set;
}

/* Moves the body from the spool into memory. */
static bool
load(NachetRequest *request, Body *body)
{
	NachetError error = NACHET_ERROR_INIT;
	bool read;

	body->text = malloc((size_t) body->spooled->size + 1);
	if (body->text == NULL)
	{
		out_of_memory(request);
		return false;
	}
	read = read_spooled(body->spooled, body->text, &error);
	if (!read)
		nachet_respond_spool_failure(request, &error);
	nachet_error_clear(&error);
	nachet_spooled_free(body->spooled);
	body->spooled = NULL;
	return read;
}

const char *
nachet_json_body_load(NachetRequest *request)
{
	Body *body = request->state;
	size_t length = (size_t) body->spooled->size;

	if (length == 0)
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST, "The body is empty.");
	else if (take_memory(request, body) && load(request, body))
	{
		if (memchr(body->text, '\0', length) == NULL && nachet_utf8_valid(body->text, length))
			return body->text;
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The body is not valid UTF-8, or holds a NUL byte.");
	}
	return NULL;
}

void
nachet_json_body_release(NachetRequest *request)
{
	Body *body = request->state;

	free(body->text);
	body->text = NULL;
	if (body->taken > 0)
		nachet_budget_give(request->server->json_memory, body->taken);
	body->taken = 0;
}

void
nachet_json_body_finish(NachetRequest *request)
{
	Body *body = request->state;

	if (body == NULL)
		return;
	nachet_json_body_release(request);
	nachet_spooled_free(body->spooled);
	free(body);
}
