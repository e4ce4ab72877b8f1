/*
 * loader/service/manifest.c
 *		The body that names a set's pictures: application/json, written as it is sent.
 *
 * A set of a million pictures is a hundred megabytes of JSON, which are never there at once: each
 * picture is written when it is its turn, from the arrays that the set's files are held in. How
 * long all of it is, is found by writing it twice.
 */
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "pure/hex.h"
#include "loader/service/manifest.h"

/* Writes one picture, with a comma before all but the first. */
static void
write_picture(NachetServiceManifest *manifest, size_t position)
{
	size_t index = manifest->index != NULL ? manifest->index[position] : position;
	char name[NACHET_NAME_MAX_BYTES + 1];
	char digits[2 * NACHET_SHA256_BYTES + 1];
	NachetText *picture = &manifest->picture;

	nachet_files_name(manifest->files, index, name);
	nachet_hex_encode(nachet_files_digest(manifest->files, index), NACHET_SHA256_BYTES, digits);
	picture->length = 0;
	nachet_text_format(picture, "%s{\"name\":", position > 0 ? "," : "");
	nachet_text_json(picture, name, strlen(name));
	nachet_text_format(picture, ",\"sha256\":\"%s\"}", digits);
}

static void
rewind_manifest(NachetServiceBody *body)
{
	NachetServiceManifest *manifest = body->owner;

	manifest->next = 0;
}

static bool
next_of_manifest(NachetServiceBody *body, const char **bytes, size_t *length, NachetError *error)
{
	NachetServiceManifest *manifest = body->owner;

	if (manifest->next == 0)
		*bytes = manifest->head;
	else if (manifest->next <= manifest->count)
	{
		write_picture(manifest, manifest->next - 1);
		*bytes = manifest->picture.bytes;
	}
	else
		*bytes = manifest->next <= manifest->count + 1 ? "]}" : "";
	manifest->next++;
	if (*bytes == NULL)
	{
		nachet_error_set(error, "out of memory");
		return false;
	}
	*length = strlen(*bytes);
	return true;
}

/* All but the pictures. Numbers go as they were given: the datastore reads strings as well. */
static char *
make_head(const NachetOptions *options, const NachetFiles *files, bool dry_run)
{
	const char *seed = files->seed != NULL ? files->seed : options->seed;
	json_t *object =
	    json_pack("{s:s, s:s, s:s, s:s}", "seed_name", seed, "zoom_level", options->zoom,
	              "nb_seeds", options->nb_seeds, "name", files->set_name);
	char *text = NULL;
	char *head = NULL;

	/* json_pack would take an e-mail address that it has no memory for as one that is not given. */
	if (object != NULL &&
	    ((options->email != NULL &&
	      json_object_set_new(object, "email", json_string(options->email)) != 0) ||
	     (dry_run && json_object_set_new(object, "dry_run", json_true()) != 0)))
		goto done;
	text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	if (text != NULL && asprintf(&head, "%.*s,\"pictures\":[", (int) strlen(text) - 1, text) < 0)
		head = NULL;
done:
	free(text);
	json_decref(object);
	return head;
}

bool
nachet_service_manifest_init(NachetServiceManifest *manifest, const NachetOptions *options,
                             const NachetFiles *files, const size_t *index, size_t count,
                             bool dry_run)
{
	NachetError error = NACHET_ERROR_INIT;
	const char *bytes;
	size_t length;

	memset(manifest, 0, sizeof(*manifest));
	manifest->body = (NachetServiceBody){.type = "application/json",
	                                     .owner = manifest,
	                                     .rewind = rewind_manifest,
	                                     .next = next_of_manifest};
	manifest->files = files;
	manifest->index = index;
	manifest->count = count;
	manifest->head = make_head(options, files, dry_run);
	if (manifest->head == NULL)
		return false;
	do
	{
		if (!next_of_manifest(&manifest->body, &bytes, &length, &error))
		{
			nachet_error_clear(&error);
			return false;
		}
		manifest->body.length += length;
	} while (length > 0);
	return true;
}

void
nachet_service_manifest_free(NachetServiceManifest *manifest)
{
	free(manifest->head);
	manifest->head = NULL;
	nachet_text_free(&manifest->picture);
}
