/*
 * http/picture_list.c
 *		The pictures of one request: names and digests, as a text[] and a bytea[] parameter.
 *
 * Browsers name a folder's files folder/a.png. Whether the first component is that folder can be told only
 * when all names are there, so names are kept as sent, and rewritten once at the end.
 */
#include <string.h>
#include <arpa/inet.h>

#include "pure/names.h"
#include "picture_list.h"

void
nachet_picture_list_init(NachetPictureList *list, bool drops_folder)
{
	memset(list, 0, sizeof(*list));
	list->drops_folder = drops_folder;
	nachet_array_init(&list->names, NACHET_TEXT_OID);
	nachet_array_init(&list->digests, NACHET_BYTEA_OID);
}

void
nachet_picture_list_free(NachetPictureList *list)
{
	nachet_array_free(&list->names);
	nachet_array_free(&list->digests);
	nachet_text_free(&list->folder);
}

const char *
nachet_picture_list_name_flaw(const char *name, size_t length)
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
begins_with_folder(const NachetPictureList *list, const char *name, size_t length)
{
	return length > list->folder.length &&
	       memcmp(name, list->folder.bytes, list->folder.length) == 0;
}

bool
nachet_picture_list_add(NachetPictureList *list, const char *name, size_t length,
                        const unsigned char digest[NACHET_SHA256_BYTES])
{
	if (list->names.count == 0 && !list->names.failed)
	{
		const char *slash = memchr(name, '/', length);

		list->shared = list->drops_folder && slash != NULL;
		if (list->shared)
			nachet_text_add(&list->folder, name, (size_t) (slash - name) + 1);
	}
	else if (list->shared && !list->folder.failed)
		list->shared = begins_with_folder(list, name, length);
	if (list->longest < length)
		list->longest = length;
	if (list->names.length + length > NACHET_PICTURE_LIST_NAME_BYTES)
		return false;
	nachet_array_add(&list->names, name, length);
	nachet_array_add(&list->digests, digest, NACHET_SHA256_BYTES);
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
nachet_picture_list_finish(NachetPictureList *list, const char **folder, size_t *folder_length,
                           bool *too_long)
{
	size_t dropped = list->shared ? list->folder.length : 0;

	*folder = list->folder.bytes;
	*folder_length = dropped > 0 ? dropped - 1 : 0;
	*too_long = list->longest - dropped > NACHET_NAME_MAX_BYTES;
	if (*too_long || list->folder.failed || list->names.failed || list->digests.failed)
		return false;
	if (dropped > 0)
		shorten_names(&list->names, dropped);
	return nachet_array_finish(&list->names) && nachet_array_finish(&list->digests);
}
