/*
 * loader/files/files.c
 *		The files of one picture set: their names, sizes and digests.
 *
 * The bound of 300 bytes a file is kept by holding each name and each digest once, in the very
 * arrays that are sent when the set is made: 48 bytes of record, 4 and the name, 4 and 32 of
 * digest; libpq's message holds the last two once more. Workers write different files' digests and
 * sizes at once, and nobody adds a file meanwhile.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "loader/client/text.h"
#include "loader/report/console.h"
#include "loader/files/files.h"

#define ELEMENT_HEADER_BYTES 4

void
nachet_files_init(NachetFiles *files)
{
	memset(files, 0, sizeof(*files));
	files->folder_fd = -1;
	nachet_array_init(&files->names, NACHET_TEXT_OID);
	nachet_array_init(&files->digests, NACHET_BYTEA_OID);
}

static void
drop_files(NachetFiles *files)
{
	for (size_t i = 0; i < files->count && files->paths != NULL; i++)
		free(files->paths[i]);
	files->count = 0;
}

void
nachet_files_free(NachetFiles *files)
{
	drop_files(files);
	free(files->paths);
	free(files->folder);
	free(files->set_name);
	free(files->file);
	nachet_array_free(&files->names);
	nachet_array_free(&files->digests);
	if (files->folder_fd >= 0)
		close(files->folder_fd);
	nachet_files_init(files);
}

/* Makes room for one file more. */
static bool
grow(NachetFiles *files, bool with_paths)
{
	size_t capacity = files->capacity; /* of both */

	return (!with_paths ||
	        nachet_text_grow(&files->paths, &capacity, files->count + 1, sizeof(*files->paths))) &&
	       nachet_text_grow(&files->file, &files->capacity, files->count + 1, sizeof(*files->file));
}

void
nachet_files_add(NachetFiles *files, const char *name, const char *path)
{
	NachetFile *file;

	if (files->failed || !grow(files, path != NULL))
	{
		files->failed = true;
		return;
	}
	if (path != NULL && (files->paths[files->count] = strdup(path)) == NULL)
	{
		files->failed = true;
		return;
	}
	file = &files->file[files->count++];
	memset(file, 0, sizeof(*file));
	file->name = files->names.length > 0 ? files->names.length : NACHET_ARRAY_HEADER_BYTES;
	nachet_array_add(&files->names, name, strlen(name));
	files->failed = files->names.failed;
	if (files->failed)
		drop_files(files); /* all names went with the array */
}

static size_t
name_length(const NachetFiles *files, size_t index)
{
	uint32_t length;

	memcpy(&length, files->names.data + files->file[index].name, sizeof(length));
	return ntohl(length);
}

void
nachet_files_name(const NachetFiles *files, size_t index, char name[NACHET_NAME_MAX_BYTES + 1])
{
	size_t length = name_length(files, index);

	memcpy(name, files->names.data + files->file[index].name + ELEMENT_HEADER_BYTES, length);
	name[length] = '\0';
}

char *
nachet_files_display_name(const NachetFiles *files, size_t index)
{
	char name[NACHET_NAME_MAX_BYTES + 1];

	if (files->paths != NULL)
		return nachet_console_name("", files->paths[index]);
	nachet_files_name(files, index, name);
	return nachet_console_name(files->folder, name);
}

bool
nachet_files_settle(NachetFiles *files)
{
	static const unsigned char zeros[NACHET_SHA256_BYTES];
	size_t kept = 0;
	size_t end = NACHET_ARRAY_HEADER_BYTES;

	for (size_t i = 0; i < files->count; i++)
	{
		size_t length = ELEMENT_HEADER_BYTES + name_length(files, i);

		if (files->file[i].refused)
		{
			if (files->paths != NULL)
				free(files->paths[i]);
			continue;
		}
		memmove(files->names.data + end, files->names.data + files->file[i].name, length);
		files->file[kept] = files->file[i];
		files->file[kept].name = end;
		if (files->paths != NULL)
			files->paths[kept] = files->paths[i];
		end += length;
		kept++;
		nachet_array_add(&files->digests, zeros, sizeof(zeros));
	}
	files->count = kept;
	files->names.length = end;
	files->names.count = (uint32_t) kept;
	return nachet_array_finish(&files->names) && nachet_array_finish(&files->digests);
}

unsigned char *
nachet_files_digest(const NachetFiles *files, size_t index)
{
	return (unsigned char *) files->digests.data + NACHET_ARRAY_HEADER_BYTES +
	       index * (ELEMENT_HEADER_BYTES + NACHET_SHA256_BYTES) + ELEMENT_HEADER_BYTES;
}

uint64_t
nachet_files_bytes(const NachetFiles *files)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < files->count; i++)
		bytes += files->file[i].size;
	return bytes;
}
