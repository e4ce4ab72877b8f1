/*
 * http/routes/import.c
 *		The pictures and fields of one multipart request, on their way into the datastore.
 *
 * The parser's callbacks run inside nachet_import_receive. Each that can't go on sets the request's
 * answer and returns false; the parser then takes no more bytes, and neither does the request.
 *
 * A picture belongs to the import while it is received, and to the senders from the moment it is
 * whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#include "loader/client/array.h"
#include "loader/client/datastore.h"
#include "loader/client/error.h"
#include "loader/client/sha256.h"
#include "pure/names.h"
#include "pure/picture.h"
#include "http/body/encoded_name.h"
#include "http/body/multipart.h"
#include "http/body/spool.h"
#include "http/database/query.h"
#include "http/database/queue.h"
#include "http/options.h"
#include "http/request/request.h"
#include "http/request/respond.h"
#include "http/routes/import.h"
#include "http/routes/requester.h"
#include "http/shared.h"

/* The bytes of an answer that a staged picture has beside its name. */
#define STAGED_BYTES 320

/* Why a picture is refused. */
typedef struct Refusal
{
	unsigned status;
	const char *sqlstate; /* or NULL */
	const char *hint;     /* or NULL */
	bool by_name;         /* the flaw is its name's */
	const char *flaw;     /* what follows the name in a sentence */
	const char *code;     /* for programs */
} Refusal;

/* A name that is longer than any that is good is cut, and ends with "...". */
static void
add_name(NachetText *json, const char *name, size_t length)
{
	NachetText cut = {0};
	size_t kept = nachet_text_kept(name, length, NACHET_NAME_MAX_BYTES);

	nachet_text_add(&cut, name, kept);
	nachet_text_format(&cut, "%s", kept < length ? "..." : "");
	if (!cut.failed)
		nachet_text_json(json, cut.bytes, cut.length);
	json->failed = json->failed || cut.failed;
	nachet_text_free(&cut);
}

static void
refuse(NachetImport *import, const char *name, size_t length, const Refusal *refusal)
{
	NachetText reason = {0};
	NachetText errors = {0};

	nachet_text_format(&reason, "%s%s", refusal->by_name ? "the name " : "", refusal->flaw);
	nachet_text_format(&errors, "[{\"name\":");
	add_name(&errors, name, length);
	nachet_text_format(&errors, ",\"reason\":");
	if (!reason.failed)
		nachet_text_json(&errors, reason.bytes, reason.length);
	nachet_text_format(&errors, ",\"code\":\"%s\"}]", refusal->code);
	nachet_respond_listed(import->request, refusal->status, refusal->sqlstate, refusal->hint,
	                      reason.failed || errors.failed ? NULL : errors.bytes, "The %s \"%s\" %s.",
	                      refusal->by_name ? "file name" : "picture", NACHET_QUOTED(name),
	                      refusal->flaw);
	nachet_text_free(&reason);
	nachet_text_free(&errors);
}

/* Answers what the pictures' way into the database met. */
static bool
check_tally(NachetImport *import)
{
	NachetError error = NACHET_ERROR_INIT;
	uint64_t ignored;

	if (!nachet_queue_has_failed(import->tally))
		return true;
	if (!nachet_queue_wait(import->tally, &ignored, &error))
		nachet_respond_error(import->request, MHD_HTTP_UNPROCESSABLE_CONTENT, &error);
	nachet_error_clear(&error);
	return false;
}

/* --- fields ----------------------------------------------------------------------------------- */

static bool
field_is_fine(NachetImport *import, NachetFieldFlaw flaw, const char *name)
{
	NachetRequest *request = import->request;

	switch (flaw)
	{
		case NACHET_FIELD_FINE:
			return true;
		case NACHET_FIELD_TOO_LARGE:
			nachet_respond_problem(
			    request, MHD_HTTP_CONTENT_TOO_LARGE,
			    "The fields are too large: the maximum is %d bytes in %d fields.",
			    NACHET_FIELDS_BYTES, NACHET_FIELDS_COUNT);
			break;
		case NACHET_FIELD_NO_TEXT:
			nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
			                       "The field \"%s\" is not valid UTF-8, or contains a NUL byte.",
			                       NACHET_QUOTED(name));
			break;
		case NACHET_FIELD_UNNAMED:
			nachet_respond_problem(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "A field has no name.");
			break;
		case NACHET_FIELD_REPEATED:
			nachet_respond_problem(request, MHD_HTTP_UNPROCESSABLE_CONTENT,
			                       "The field \"%s\" is given twice.", NACHET_QUOTED(name));
			break;
	}
	return false;
}

/* Why a field of this name is not taken; NULL if it is. */
static const char *
field_refusal(NachetImportKind kind, const char *name)
{
	if (kind == NACHET_IMPORT_STAGE)
		return strcmp(name, "email") == 0 ? NULL : "with stage=true the only field is \"email\"";

	/* In SQL these would stand where the service puts its own. */
	if (strcmp(name, "pictures") == 0 || strcmp(name, "dry_run") == 0)
		return "it must not be plain text: send pictures as files";
	return NULL;
}

static bool
begin_field(NachetImport *import, const NachetPart *part)
{
	NachetFieldFlaw flaw = nachet_fields_begin(&import->fields, part->name, part->name_length);
	const char *refusal = field_refusal(import->kind, part->name);
	const NachetEncoding *encoding = nachet_encoded_name_find(part->name, part->name_length);

	import->use = NACHET_PART_FIELD;
	if (!field_is_fine(import, flaw, part->name))
		return false;
	if (refusal != NULL)
		nachet_respond_refusal(
		    import->request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA, NULL,
		    "The field \"%s\" is not accepted: %s.", NACHET_QUOTED(part->name), refusal);
	else if (encoding != NULL)
		nachet_respond_refusal(
		    import->request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA,
		    encoding->hint, "The field name \"%s\" %s.", NACHET_QUOTED(part->name), encoding->flaw);
	return refusal == NULL && encoding == NULL;
}

/* Of whom bytes are staged is judged by no later statement. */
static bool
end_field(NachetImport *import)
{
	if (!field_is_fine(import, nachet_fields_end(&import->fields), import->fields.name.bytes))
		return false;
	if (import->fields.names.failed || import->fields.values.failed)
	{
		nachet_respond_out_of_memory(import->request);
		return false;
	}
	if (import->kind != NACHET_IMPORT_STAGE)
		return true;
	import->fields_checked = nachet_requester_check(
	    import->request, import->fields.value.length > 0 ? import->fields.value.bytes : "");
	return import->fields_checked;
}

/* --- pictures --------------------------------------------------------------------------------- */

/*
 * Whether the file is left out, because a machine made it for itself; the first of each kind is
 * kept as an example.
 */
static bool
is_machine_made(NachetImport *import, const char *name, size_t length)
{
	NachetImportLeftOut *left_out = &import->left_out;
	NachetMachineMade made;
	int known = 0;

	if (import->kind != NACHET_IMPORT_FOLDER ||
	    !nachet_path_is_machine_made(name, length, false, &made))
		return false;
	left_out->files++;
	while (known < left_out->kinds && left_out->what[known] != made.what)
		known++;
	if (known < left_out->kinds || known >= NACHET_IMPORT_LEFT_OUT_KINDS)
		return true;
	nachet_text_add(&left_out->component[known], made.component, made.length);
	left_out->what[known] = made.what;
	left_out->kinds++;
	return true;
}

static bool
begin_picture(NachetImport *import, const char *name, size_t length)
{
	NachetRequest *request = import->request;
	uint64_t maximum = request->server->options->max_pictures;

	import->use = NACHET_PART_PICTURE;
	if (import->pictures.count >= maximum)
	{
		nachet_respond_problem(request, MHD_HTTP_CONTENT_TOO_LARGE,
		                       "The request contains more than %" PRIu64 " pictures.", maximum);
		return false;
	}
	import->name.length = 0;
	nachet_text_add(&import->name, name, length);
	import->picture = nachet_spooled_create(request->server->spool);
	if (import->picture == NULL || import->name.failed || !nachet_sha256_begin(import->sha256))
	{
		nachet_respond_out_of_memory(import->request);
		return false;
	}
	return true;
}

/* Names that are only echoed need not be fit for a set. */
static const char *
name_flaw(NachetImportKind kind, const char *name, size_t length, const char **code)
{
	if (kind == NACHET_IMPORT_FOLDER)
		return nachet_picture_list_name_flaw(name, length, code);
	if (length <= NACHET_NAME_MAX_BYTES && nachet_utf8_valid(name, length))
		return NULL;
	*code = nachet_name_flaw_code(name, length);
	return nachet_name_flaw(name, length);
}

/* A name is refused rather than guessed at; a manifest says the same without escapes. */
static bool
check_name(NachetImport *import, const char *name, size_t length)
{
	Refusal refusal = {.status = MHD_HTTP_UNPROCESSABLE_CONTENT,
	                   .sqlstate = NACHET_SQLSTATE_BAD_DATA,
	                   .by_name = true};
	const NachetEncoding *encoding;

	refusal.flaw = name_flaw(import->kind, name, length, &refusal.code);
	encoding = refusal.flaw == NULL ? nachet_encoded_name_find(name, length) : NULL;
	if (encoding != NULL)
	{
		refusal.flaw = encoding->flaw;
		refusal.code = "name_encoded";
		refusal.hint = encoding->hint;
	}
	if (refusal.flaw != NULL)
		refuse(import, name, length, &refusal);
	return refusal.flaw == NULL;
}

/* At the first file, before its bytes are read: they may be many, and are for no stranger. */
static bool
check_fields(NachetImport *import)
{
	if (import->fields_checked)
		return true;
	import->fields_checked = true;
	if (import->kind == NACHET_IMPORT_FOLDER)
		return nachet_requester_check_fields(import->request, &import->fields);
	if (import->request->auth_email == NULL)
		nachet_respond_refusal(
		    import->request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA,
		    "Send the field \"email\" before the files.", "The field \"email\" is missing.");
	return import->request->auth_email != NULL;
}

static bool
part_begin(void *context, const NachetPart *part)
{
	NachetImport *import = context;

	if (!check_tally(import))
		return false;
	if (part->filename == NULL)
		return begin_field(import, part);
	if (part->filename_length == 0)
	{
		import->use = NACHET_PART_NO_FILE;
		return true;
	}
	if (!check_fields(import))
		return false;
	if (is_machine_made(import, part->filename, part->filename_length))
	{
		import->use = NACHET_PART_LEFT_OUT;
		return true;
	}
	return check_name(import, part->filename, part->filename_length) &&
	       begin_picture(import, part->filename, part->filename_length);
}

static bool
receive_picture(NachetImport *import, const void *bytes, size_t length)
{
	NachetRequest *request = import->request;
	uint64_t maximum = request->server->options->max_picture_size;
	NachetError error = NACHET_ERROR_INIT;

	if (import->picture->size + length > maximum)
	{
		char flaw[64];
		const Refusal refusal = {
		    .status = MHD_HTTP_CONTENT_TOO_LARGE, .flaw = flaw, .code = NACHET_CODE_TOO_LARGE};

		snprintf(flaw, sizeof(flaw), "has more than %" PRIu64 " bytes", maximum);
		refuse(import, import->name.bytes, import->name.length, &refusal);
		return false;
	}
	if (!nachet_sha256_update(import->sha256, bytes, length))
	{
		nachet_respond_out_of_memory(import->request);
		return false;
	}
	if (!nachet_spooled_write(import->picture, bytes, length, &error))
	{
		nachet_respond_spool_failure(import->request, &error);
		return false;
	}
	return true;
}

static bool
part_data(void *context, const void *bytes, size_t length)
{
	NachetImport *import = context;

	switch (import->use)
	{
		case NACHET_PART_FIELD:
			return field_is_fine(import, nachet_fields_receive(&import->fields, bytes, length),
			                     import->fields.name.bytes);
		case NACHET_PART_PICTURE:
			return receive_picture(import, bytes, length);
		case NACHET_PART_NO_FILE:
			nachet_respond_problem(import->request, MHD_HTTP_UNPROCESSABLE_CONTENT,
			                       "A file has no name.");
			return false;
		case NACHET_PART_LEFT_OUT:
			return true;
	}
	return false;
}

/*
 * The memory of the statement at the end: the arrays and libpq's copy; the answer, as it
 * came and as it goes.
 */
static uint64_t
statement_bytes(const NachetImport *import)
{
	const NachetPictureList *pictures = &import->pictures;
	uint64_t bytes = 2 * nachet_picture_list_bytes(pictures);

	if (import->kind == NACHET_IMPORT_STAGE)
		bytes += 2 * (pictures->escaped + (uint64_t) pictures->count * STAGED_BYTES);
	return bytes;
}

static bool
add_to_list(NachetImport *import, const unsigned char digest[NACHET_SHA256_BYTES])
{
	const NachetHttpOptions *options = import->request->server->options;
	NachetError error = NACHET_ERROR_INIT;

	if (!nachet_picture_list_add(&import->pictures, import->name.bytes, import->name.length, digest,
	                             &error))
	{
		nachet_respond_spool_failure(import->request, &error);
		return false;
	}
	if (nachet_picture_list_bytes(&import->pictures) <= nachet_query_memory_parameters(options) &&
	    statement_bytes(import) <= nachet_query_memory_total(options))
		return true;
	nachet_respond_problem(import->request, MHD_HTTP_CONTENT_TOO_LARGE,
	                       "The pictures' names are too long for one request.");
	return false;
}

/* Hands a whole picture to the senders, waiting if they have too much to do. */
static bool
end_picture(NachetImport *import)
{
	NachetRequest *request = import->request;
	NachetSpooled *picture = import->picture;

	if (picture->size == 0 && import->kind == NACHET_IMPORT_FOLDER)
	{
		static const Refusal refusal = {.status = MHD_HTTP_UNPROCESSABLE_CONTENT,
		                                .sqlstate = NACHET_SQLSTATE_NOT_A_PICTURE,
		                                .flaw = "is empty",
		                                .code = NACHET_CODE_EMPTY};

		refuse(import, import->name.bytes, import->name.length, &refusal);
		return false;
	}
	if (!nachet_sha256_finish(import->sha256, picture->digest))
	{
		nachet_respond_out_of_memory(import->request);
		return false;
	}
	if (!add_to_list(import, picture->digest))
		return false;
	import->picture = NULL;
	if (picture->size > 0)
		nachet_queue_push(request->server->queue, import->tally, picture);
	else
		nachet_spooled_free(picture); /* there is nothing to store */
	return true;
}

static bool
part_end(void *context)
{
	NachetImport *import = context;

	if (import->use == NACHET_PART_FIELD)
		return end_field(import);
	return import->use != NACHET_PART_PICTURE || end_picture(import);
}

/* --- the body --------------------------------------------------------------------------------- */

uint64_t
nachet_import_body_limit(const NachetHttpOptions *options)
{
	return options->max_request_size;
}

static void
free_import(NachetImport *import)
{
	nachet_multipart_free(import->parser);
	nachet_queue_release(import->tally);
	nachet_sha256_free(import->sha256);
	nachet_spooled_free(import->picture);
	nachet_text_free(&import->name);
	nachet_picture_list_free(&import->pictures);
	for (int i = 0; i < import->left_out.kinds; i++)
		nachet_text_free(&import->left_out.component[i]);
	nachet_fields_free(&import->fields);
	free(import);
}

/* NULL if memory ran out. */
static NachetImport *
create_import(NachetRequest *request, NachetImportKind kind, const char *boundary)
{
	static const NachetMultipartCallbacks callbacks = {
	    .part_begin = part_begin, .part_data = part_data, .part_end = part_end};
	NachetImport *import = calloc(1, sizeof(*import));

	if (import == NULL)
		return NULL;
	import->request = request;
	import->kind = kind;
	nachet_fields_init(&import->fields);
	import->parser = nachet_multipart_create(boundary, &callbacks, import);
	import->tally = nachet_queue_create_tally();
	import->sha256 = nachet_sha256_create();
	if (nachet_picture_list_init(&import->pictures, request->server->spool,
	                             kind == NACHET_IMPORT_FOLDER) &&
	    import->parser != NULL && import->tally != NULL && import->sha256 != NULL)
		return import;
	free_import(import);
	return NULL;
}

void
nachet_import_begin(NachetRequest *request, NachetImportKind kind)
{
	char boundary[NACHET_BOUNDARY_MAX + 1];

	if (!nachet_multipart_boundary(request->content_type, boundary))
	{
		nachet_respond_problem(request, MHD_HTTP_BAD_REQUEST,
		                       "The header Content-Type is malformed, or has no usable boundary.");
		return;
	}
	if (request->auth_email != NULL && !nachet_requester_check(request, NULL))
		return;
	request->state = create_import(request, kind, boundary);
	if (request->state == NULL)
		nachet_respond_out_of_memory(request);
}

void
nachet_import_release(NachetImport *import)
{
	nachet_picture_list_unload(&import->pictures);
	nachet_query_memory_give(import->request);
}

void
nachet_import_finish_request(NachetRequest *request)
{
	NachetImport *import = request->state;

	if (import == NULL)
		return;
	nachet_import_release(import);
	free_import(import);
}

static bool
body_is_fine(NachetImport *import, NachetMultipartStatus status)
{
	const char *reason = nachet_multipart_reason(import->parser);

	if (status == NACHET_MULTIPART_MALFORMED)
		nachet_respond_problem(import->request, MHD_HTTP_BAD_REQUEST, "%s", reason);
	else if (status == NACHET_MULTIPART_TOO_LARGE)
		nachet_respond_problem(import->request, MHD_HTTP_CONTENT_TOO_LARGE, "%s", reason);
	return status == NACHET_MULTIPART_OK;
}

void
nachet_import_receive(NachetRequest *request, const char *bytes, size_t length)
{
	NachetImport *import = request->state;

	(void) body_is_fine(import, nachet_multipart_feed(import->parser, bytes, length));
}

/* A set that was sent as a folder has the folder's name, unless it was given another. */
static bool
complete_fields(NachetImport *import)
{
	NachetFields *fields = &import->fields;
	size_t length;
	const char *folder = nachet_picture_list_folder(&import->pictures, &length);

	if (length > 0 && !nachet_fields_has(fields, "name"))
	{
		nachet_array_add(&fields->names, "name", 4);
		nachet_array_add(&fields->values, folder, length);
	}
	if (nachet_array_finish(&fields->names) && nachet_array_finish(&fields->values))
		return true;
	nachet_respond_out_of_memory(import->request);
	return false;
}

/* Whether all pictures are there that a set needs, under names that it can have. */
static bool
check_pictures(NachetImport *import)
{
	NachetRequest *request = import->request;

	if (import->pictures.count == 0 && import->left_out.files > 0)
		nachet_respond_refusal(request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA,
		                       "Send other files, or a manifest, from which no file is left out.",
		                       "The request contains only machine-made files, such as %s.",
		                       import->left_out.what[0]);
	else if (import->pictures.count == 0)
		nachet_respond_refusal(request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA,
		                       "Send each picture as a part with a file name.",
		                       "The request contains no picture.");
	else if (nachet_picture_list_too_long(&import->pictures))
		nachet_respond_refusal(request, MHD_HTTP_UNPROCESSABLE_CONTENT, NACHET_SQLSTATE_BAD_DATA,
		                       NULL, "A file name is longer than %d bytes.", NACHET_NAME_MAX_BYTES);
	else
		return true;
	return false;
}

static bool
load_pictures(NachetImport *import)
{
	NachetError error = NACHET_ERROR_INIT;
	bool loaded;

	if (!nachet_query_memory_take(import->request, statement_bytes(import)))
		return false;
	loaded = nachet_picture_list_load(&import->pictures, &error);
	if (!loaded)
		nachet_respond_spool_failure(import->request, &error);
	return loaded;
}

bool
nachet_import_finish(NachetImport *import, uint64_t *new_bytes)
{
	NachetError error = NACHET_ERROR_INIT;
	bool stored;

	if (!body_is_fine(import, nachet_multipart_finish(import->parser)) || !check_pictures(import))
		return false;
	stored = nachet_queue_wait(import->tally, new_bytes, &error);
	if (!stored)
		nachet_respond_error(import->request, MHD_HTTP_UNPROCESSABLE_CONTENT, &error);
	nachet_error_clear(&error);
	return stored && complete_fields(import) && load_pictures(import);
}

void
nachet_import_write_left_out(const NachetImport *import, NachetText *json)
{
	const NachetImportLeftOut *left_out = &import->left_out;

	nachet_text_format(json, "{");
	if (left_out->files > 0)
		nachet_text_format(json, "\"machine_made\": {\"files\": %" PRIu64 ", \"examples\": [",
		                   left_out->files);
	for (int i = 0; i < left_out->kinds; i++)
	{
		const NachetText *component = &left_out->component[i];

		nachet_text_format(json, "%s{\"name\": ", i > 0 ? ", " : "");
		nachet_text_json(json, component->bytes, component->length);
		json->failed = json->failed || component->failed;
		nachet_text_format(json, ", \"what\": \"%s\"}", left_out->what[i]);
	}
	nachet_text_format(json, left_out->files > 0 ? "]}}" : "}");
}
