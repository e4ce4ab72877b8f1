/*
 * loader/send/sink_http.c
 *		Imports through nachet-http: contents staged, sets made by a manifest.
 *
 * What is missing is asked by dry runs, which store nothing, of as many pictures as a batch has: so
 * no answer grows with the set. The one request that names all pictures is the last; if it is told
 * that some are missing after all, a sweep came between, and the batches ask again. A request that
 * is too long for a proxy on the way (413) is sent again in halves.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "loader/service/answer.h"
#include "loader/service/client.h"
#include "loader/service/manifest.h"
#include "loader/service/parts.h"
#include "loader/send/sink_http.h"

typedef struct HttpSink
{
	NachetSink sink;
	NachetSession *session;
	NachetServiceLimits limits;
	atomic_uint_fast64_t max_bytes; /* of a request with several pictures; falls with each 413 */
	NachetServiceLine *line[NACHET_MAX_JOBS]; /* NULL until it is needed */
} HttpSink;

/* --- requests --------------------------------------------------------------------------------- */

static NachetServiceLine *
line_of(HttpSink *http, int worker, NachetError *error)
{
	if (http->line[worker] == NULL)
		http->line[worker] = nachet_service_connect(http->session);
	if (http->line[worker] == NULL)
		nachet_error_set(error, "out of memory");
	return http->line[worker];
}

/*
 * The object that the service answers with, which the caller releases; NULL, and *error filled, if
 * there is none. *status, which may be NULL, is 0 if there was no answer at all.
 */
static json_t *
post(HttpSink *http, int worker, const char *path, NachetServiceBody *body, long *status,
     NachetError *error)
{
	NachetServiceLine *line = line_of(http, worker, error);
	NachetServiceAnswer answer;
	json_t *object = NULL;

	if (status != NULL)
		*status = 0;
	if (line == NULL || !nachet_service_post(line, path, body, &answer, error))
		return NULL;
	object = nachet_service_answer_read(&answer, http->session->options, error);
	if (status != NULL)
		*status = answer.status;
	nachet_service_answer_clear(&answer);
	return object;
}

/* The same for a manifest of some or, with index NULL, all of the files. */
static json_t *
post_manifest(HttpSink *http, int worker, const NachetFiles *files, const size_t *index,
              size_t count, bool dry_run, NachetError *error)
{
	NachetServiceManifest manifest;
	json_t *object = NULL;

	if (nachet_service_manifest_init(&manifest, http->session->options, files, index, count,
	                                 dry_run))
		object = post(http, worker, "/batch-import", &manifest.body, NULL, error);
	else
		nachet_error_set(error, "out of memory");
	nachet_service_manifest_free(&manifest);
	return object;
}

/* --- the sink --------------------------------------------------------------------------------- */

/* Who asks, which may be left out if the service authenticates: it then tells. */
static char *
make_form_request(const NachetOptions *options)
{
	json_t *object =
	    options->email != NULL ? json_pack("{s:s}", "email", options->email) : json_object();
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text;
}

static bool
http_open(NachetSink *sink, NachetError *error)
{
	HttpSink *http = sink->state;
	char *text = make_form_request(http->session->options);
	NachetServiceBody body = {.type = "application/json", .text = text};
	json_t *object;
	bool done;

	if (text == NULL)
	{
		nachet_error_set(error, "out of memory");
		return false;
	}
	body.length = strlen(text);
	object = post(http, 0, "/picture-form", &body, NULL, error);
	done = object != NULL && nachet_service_answer_limits(object, &http->limits, error);
	if (done)
		atomic_store(&http->max_bytes, http->limits.request_bytes);
	json_decref(object);
	free(text);
	return done;
}

static bool
http_ask(NachetSink *sink, const NachetFiles *files, NachetError *error)
{
	json_t *object = post_manifest(sink->state, 0, files, NULL, 0, true, error);

	json_decref(object);
	return object != NULL;
}

/* What the service would refuse at the end, or when most has been sent. */
static bool
http_admit(NachetSink *sink, const NachetFiles *files, NachetError *error)
{
	HttpSink *http = sink->state;
	const NachetServiceLimits *limits = &http->limits;
	NachetServiceManifest manifest;
	uint64_t length = 0;

	if (nachet_service_manifest_init(&manifest, http->session->options, files, NULL, files->count,
	                                 false))
		length = manifest.body.length;
	nachet_service_manifest_free(&manifest);
	if (length == 0)
		nachet_error_set(error, "out of memory");
	else if (files->count > limits->manifest_pictures)
		nachet_error_set(
		    error, "%zu pictures are too many for a set: the maximum of the service is %" PRIu64,
		    files->count, limits->manifest_pictures);
	else if (length > limits->manifest_bytes)
		nachet_error_set(error,
		                 "the names of the pictures take %" PRIu64
		                 " bytes, but the service accepts at most %" PRIu64 " in a set",
		                 length, limits->manifest_bytes);
	else
		return true;
	error->hint =
	    strdup("Import several smaller sets, or import directly into the database (--dbname).");
	return false;
}

/* As many pictures at a time as a manifest may have. */
static bool
http_missing(NachetSink *sink, int worker, NachetBatch *batch, NachetError *error)
{
	HttpSink *http = sink->state;
	size_t step = batch->count;
	bool done = true;

	if (step > http->limits.manifest_pictures)
		step = (size_t) http->limits.manifest_pictures;
	for (size_t first = 0; first < batch->count && done; first += step)
	{
		size_t count = batch->count - first < step ? batch->count - first : step;
		json_t *object =
		    post_manifest(http, worker, batch->files, batch->index + first, count, true, error);

		done = object != NULL && nachet_service_answer_missing(object, batch, first, count, error);
		json_decref(object);
	}
	return done;
}

/* A picture that is too long for the service, with its headers. */
static bool
refuse_large(const NachetServiceParts *parts, uint64_t limit, NachetError *error)
{
	char flaw[128] = "is larger than the service, or a proxy before it, accepts";

	if (limit < UINT64_MAX)
		snprintf(flaw, sizeof(flaw), "is larger than the maximum of the service, %" PRIu64 " bytes",
		         limit);
	return nachet_reader_refuse(parts->reader, parts->index[0], flaw, error);
}

/* Stages what one body holds. *again means that it was too long: try shorter ones. */
static bool
stage(HttpSink *http, int worker, NachetServiceParts *parts, bool *again, NachetError *error)
{
	uint64_t size = parts->reader->files->file[parts->index[0]].size;
	json_t *object;
	long status;
	bool done;

	*again = false;
	if (size > http->limits.picture_bytes)
		return refuse_large(parts, http->limits.picture_bytes, error);
	if (parts->body.length > http->limits.request_bytes)
		return refuse_large(parts, http->limits.request_bytes, error);
	object = post(http, worker, "/batch-import?stage=true", &parts->body, &status, error);
	if (status == 413)
	{
		if (parts->count == 1)
			return refuse_large(parts, UINT64_MAX, error);
		atomic_store(&http->max_bytes, parts->body.length / 2);
		nachet_error_clear(error);
		*again = true;
		return true;
	}
	done = object != NULL &&
	       nachet_service_answer_staged(object, parts->reader, parts->index, parts->count, error);
	json_decref(object);
	return done;
}

/* In as few requests as the service's limits allow. */
static bool
http_send(NachetSink *sink, int worker, const NachetBatch *batch, NachetReader *reader,
          size_t first, size_t count, NachetError *error)
{
	HttpSink *http = sink->state;
	NachetServiceParts *parts = malloc(sizeof(*parts));
	bool done = parts != NULL;
	bool again;
	size_t next;

	if (parts == NULL)
		nachet_error_set(error, "out of memory");
	for (size_t at = first; at < first + count && done; at = again ? at : next)
	{
		again = false;
		nachet_service_parts_init(parts, reader, http->session->options->email);
		for (next = at; next < first + count; next++)
		{
			if (batch->missing[next] &&
			    !nachet_service_parts_add(parts, batch->index[next], atomic_load(&http->max_bytes),
			                              http->limits.request_pictures))
				break;
		}
		if (parts->count > 0)
			done = stage(http, worker, parts, &again, error);
	}
	free(parts);
	return done;
}

static bool
http_commit(NachetSink *sink, const NachetFiles *files, char set_id[NACHET_UUID_TEXT],
            NachetError *error)
{
	json_t *object = post_manifest(sink->state, 0, files, NULL, files->count, false, error);
	bool done = object != NULL && nachet_service_answer_set_id(object, set_id, error);

	json_decref(object);
	return done;
}

static void
http_free(NachetSink *sink)
{
	HttpSink *http = sink->state;

	for (int i = 0; i < NACHET_MAX_JOBS; i++)
		nachet_service_close(http->line[i]);
	free(http);
}

NachetSink *
nachet_sink_http_create(NachetSession *session)
{
	HttpSink *http = nachet_service_begin() ? calloc(1, sizeof(*http)) : NULL;

	if (http == NULL)
		return NULL;
	http->sink = (NachetSink){.destination = "the service",
	                          .state = http,
	                          .open = http_open,
	                          .ask = http_ask,
	                          .admit = http_admit,
	                          .missing = http_missing,
	                          .send = http_send,
	                          .commit = http_commit,
	                          .free = http_free};
	http->session = session;
	return &http->sink;
}
