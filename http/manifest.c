/*
 * http/manifest.c
 *		The pictures of one request: names and digests, as a text[] and a bytea[] parameter.
 *
 * Browsers name a folder's files folder/a.png. Whether the first component is that folder can be told only
 * when all names are there, so names are kept as sent, and rewritten once at the end.
 */
#include <string.h>
#include <arpa/inet.h>

#include "pure/names.h"
#include "manifest.h"

void
nachet_manifest_init(NachetManifest *manifest)
{
	memset(manifest, 0, sizeof(*manifest));
	nachet_array_init(&manifest->names, NACHET_TEXT_OID);
	nachet_array_init(&manifest->digests, NACHET_BYTEA_OID);
}

void
nachet_manifest_free(NachetManifest *manifest)
{
	nachet_array_free(&manifest->names);
	nachet_array_free(&manifest->digests);
	nachet_text_free(&manifest->folder);
}

const char *
nachet_manifest_name_flaw(const char *name, size_t length)
{
	const char *slash = memchr(name, '/', length);
	const char *flaw;
	size_t first;

	if (length <= NACHET_NAME_MAX_BYTES || slash == NULL)
		return nachet_name_flaw(name, length);
	first = (size_t) (slash - name);
	flaw = nachet_name_flaw(name, first);
	return flaw != NULL ? flaw : nachet_name_flaw(slash + 1, length - first - 1);
}

static bool
begins_with_folder(const NachetManifest *manifest, const char *name, size_t length)
{
	return length > manifest->folder.length &&
	       memcmp(name, manifest->folder.bytes, manifest->folder.length) == 0;
}

bool
nachet_manifest_add(NachetManifest *manifest, const char *name, size_t length,
                    const unsigned char digest[NACHET_SHA256_BYTES])
{
	if (manifest->names.count == 0 && !manifest->names.failed)
	{
		const char *slash = memchr(name, '/', length);

		manifest->shared = slash != NULL;
		if (slash != NULL)
			nachet_text_add(&manifest->folder, name, (size_t) (slash - name) + 1);
	}
	else if (manifest->shared && !manifest->folder.failed)
		manifest->shared = begins_with_folder(manifest, name, length);
	if (manifest->longest < length)
		manifest->longest = length;
	if (manifest->names.length + length > NACHET_MANIFEST_NAME_BYTES)
		return false;
	nachet_array_add(&manifest->names, name, length);
	nachet_array_add(&manifest->digests, digest, NACHET_SHA256_BYTES);
	return true;
}

/* Takes skip bytes off the front of each name, in place. */
static void
shorten_names(NachetArray *names, size_t skip)
{
	char *from = names->data + NACHET_ARRAY_HEADER_BYTES;
	char *to = from;

	for (uint32_t i = 0; i < names->count; i++)
	{
		uint32_t size;
		uint32_t kept;

		memcpy(&size, from, sizeof(size));
		size = ntohl(size);
		kept = htonl(size - (uint32_t) skip);
		memcpy(to, &kept, sizeof(kept));
		memmove(to + sizeof(kept), from + sizeof(size) + skip, size - skip);
		from += sizeof(size) + size;
		to += sizeof(kept) + size - skip;
	}
	names->length = (size_t) (to - names->data);
}

bool
nachet_manifest_finish(NachetManifest *manifest, const char **folder, size_t *folder_length,
                       bool *too_long)
{
	size_t dropped = manifest->shared ? manifest->folder.length : 0;

	*folder = manifest->folder.bytes;
	*folder_length = dropped > 0 ? dropped - 1 : 0;
	*too_long = manifest->longest - dropped > NACHET_NAME_MAX_BYTES;
	if (*too_long || manifest->folder.failed || manifest->names.failed || manifest->digests.failed)
		return false;
	if (dropped > 0)
		shorten_names(&manifest->names, dropped);
	return nachet_array_finish(&manifest->names) && nachet_array_finish(&manifest->digests);
}
