/*
 * http/routes/picture_list.c
 *		The pictures of one request: names and digests, as a text[] and a bytea[] parameter.
 *
 * A request may have many pictures and its client be slow: their names and digests wait in the
 * spool, like the pictures, and lie in memory as arrays only while the database is asked.
 *
 * Browsers name a folder's files folder/a.png. Whether the first component is that folder can be
 * told only when all names are there, so names are kept as sent, and cut when they are loaded.
 */
#include <stdlib.h>
#include <string.h>

#include "pure/names.h"
#include "http/routes/picture_list.h"

/* A picture in the spool: the length of its name, the digest, the name. */
typedef struct Head
{
	uint32_t name_length;
	unsigned char digest[NACHET_SHA256_BYTES];
} Head;

bool
nachet_picture_list_init(NachetPictureList *list, NachetSpool *spool, bool drops_folder)
{
	memset(list, 0, sizeof(*list));
	list->drops_folder = drops_folder;
	list->spooled = nachet_spooled_create(spool);
	nachet_array_init(&list->names, NACHET_TEXT_OID);
	nachet_array_init(&list->digests, NACHET_BYTEA_OID);
	return list->spooled != NULL;
}

void
nachet_picture_list_free(NachetPictureList *list)
{
	nachet_spooled_free(list->spooled);
	nachet_picture_list_unload(list);
	nachet_text_free(&list->folder);
}

void
nachet_picture_list_unload(NachetPictureList *list)
{
	nachet_array_free(&list->names);
	nachet_array_free(&list->digests);
}

const char *
nachet_picture_list_name_flaw(const char *name, size_t length, const char **code)
{
	const char *slash = memchr(name, '/', length);

	if (length > NACHET_NAME_MAX_BYTES && slash != NULL)
	{
		size_t first = (size_t) (slash - name);
		bool folder = nachet_name_flaw(name, first) == NULL;

		/* What it would be without the folder; or the folder is at fault. */
		name = folder ? slash + 1 : name;
		length = folder ? length - first - 1 : first;
	}
	*code = nachet_name_flaw_code(name, length);
	return nachet_name_flaw(name, length);
}

static bool
begins_with_folder(const NachetPictureList *list, const char *name, size_t length)
{
	return length > list->folder.length &&
	       memcmp(name, list->folder.bytes, list->folder.length) == 0;
}

/* Bytes of a name in the database's JSON, without quotes. */
static uint64_t
escaped_length(const char *name, size_t length)
{
	uint64_t escaped = length;

	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) name[i] < 0x20)
			escaped += sizeof("\\u0001") - 2;
		else if (name[i] == '"' || name[i] == '\\')
			escaped++;
	}
	return escaped;
}

bool
nachet_picture_list_add(NachetPictureList *list, const char *name, size_t length,
                        const unsigned char digest[NACHET_SHA256_BYTES], NachetError *error)
{
	Head head = {.name_length = (uint32_t) length};

	memcpy(head.digest, digest, NACHET_SHA256_BYTES);
	if (list->count == 0)
	{
		const char *slash = memchr(name, '/', length);

		list->shared = list->drops_folder && slash != NULL;
		if (list->shared)
			nachet_text_add(&list->folder, name, (size_t) (slash - name) + 1);
		if (list->folder.failed)
		{
			nachet_error_set(error, "out of memory");
			return false;
		}
	}
	else if (list->shared)
		list->shared = begins_with_folder(list, name, length);
	if (list->longest < length)
		list->longest = length;
	list->escaped += escaped_length(name, length);
	list->count++;
	return nachet_spooled_write(list->spooled, &head, sizeof(head), error) &&
	       nachet_spooled_write(list->spooled, name, length, error);
}

uint64_t
nachet_picture_list_bytes(const NachetPictureList *list)
{
	/* Each element of an array has its length before it; one of the two is in the head already. */
	return 2 * NACHET_ARRAY_HEADER_BYTES + list->spooled->size + list->count * sizeof(uint32_t);
}

const char *
nachet_picture_list_folder(const NachetPictureList *list, size_t *length)
{
	*length = list->shared ? list->folder.length - 1 : 0;
	return list->folder.bytes;
}

bool
nachet_picture_list_too_long(const NachetPictureList *list)
{
	return list->longest - (list->shared ? list->folder.length : 0) > NACHET_NAME_MAX_BYTES;
}

bool
nachet_picture_list_load(NachetPictureList *list, NachetError *error)
{
	size_t dropped = list->shared ? list->folder.length : 0;
	char *bytes = nachet_spooled_load(list->spooled, error);
	const char *at = bytes;

	if (bytes == NULL)
		return false;
	for (uint32_t i = 0; i < list->count; i++)
	{
		Head head;

		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		nachet_array_add(&list->names, at + dropped, head.name_length - dropped);
		nachet_array_add(&list->digests, head.digest, sizeof(head.digest));
		at += head.name_length;
	}
	free(bytes);
	nachet_spooled_free(list->spooled);
	list->spooled = NULL;
	if (nachet_array_finish(&list->names) && nachet_array_finish(&list->digests))
		return true;
	nachet_error_set(error, "out of memory");
	return false;
}
