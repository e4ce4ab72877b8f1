/*
 * loader/service/parts.c
 *		The body that carries pictures: multipart/form-data, drawn from the files as it is sent.
 *
 * RFC 7578 as browsers write it. The boundary is 128 random bits, which no picture holds. Its
 * length is known before a byte is drawn: heads are written twice, and a file that is not as long
 * as it was is an error. Parts have numbers for names: the answer tells of each in its place, and
 * the manifest has the names.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "pure/hex.h"
#include "loader/service/parts.h"

/* What of the email comes next. */
enum
{
	EMAIL_HEAD,
	EMAIL_VALUE,
	EMAIL_SENT
};

/* Writes the boundary and the headers of a part; their length. */
static size_t
write_head(NachetServiceParts *parts, size_t part)
{
	return (size_t) snprintf(parts->head, sizeof(parts->head),
	                         "%s--%s\r\nContent-Disposition: form-data; name=\"pictures\"; "
	                         "filename=\"%zu\"\r\nContent-Type: application/octet-stream\r\n\r\n",
	                         part > 0 || parts->email != NULL ? "\r\n" : "", parts->boundary,
	                         part + 1);
}

/* What comes before the email. */
static size_t
write_email_head(NachetServiceParts *parts)
{
	return (size_t) snprintf(parts->head, sizeof(parts->head),
	                         "--%s\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n",
	                         parts->boundary);
}

static size_t
write_end(NachetServiceParts *parts)
{
	return (size_t) snprintf(parts->head, sizeof(parts->head), "\r\n--%s--\r\n", parts->boundary);
}

static void
rewind_parts(NachetServiceBody *body)
{
	NachetServiceParts *parts = body->owner;

	parts->email_step = parts->email != NULL ? EMAIL_HEAD : EMAIL_SENT;
	parts->next = 0;
	parts->opened = false;
	parts->ended = false;
}

static bool
next_of_parts(NachetServiceBody *body, const char **bytes, size_t *length, NachetError *error)
{
	NachetServiceParts *parts = body->owner;

	*length = 0;
	if (parts->email_step != EMAIL_SENT)
	{
		bool head = parts->email_step == EMAIL_HEAD;

		*bytes = head ? parts->head : parts->email;
		*length = head ? write_email_head(parts) : strlen(parts->email);
		parts->email_step = head ? EMAIL_VALUE : EMAIL_SENT;
		return true;
	}
	if (parts->opened)
	{
		if (!nachet_reader_read(parts->reader, bytes, length, error))
			return false;
		if (*length > 0)
			return true;
		parts->opened = false;
		parts->next++;
	}
	*bytes = parts->head;
	if (parts->next < parts->count)
	{
		*length = write_head(parts, parts->next);
		parts->opened = nachet_reader_open(parts->reader, parts->index[parts->next], error);
		return parts->opened;
	}
	if (!parts->ended)
	{
		*length = write_end(parts);
		parts->ended = true;
	}
	return true;
}

void
nachet_service_parts_init(NachetServiceParts *parts, NachetReader *reader, const char *email)
{
	unsigned char random[(NACHET_BOUNDARY_BYTES - 1) / 2];
	size_t filled = 0;

	while (filled < sizeof(random))
	{
		ssize_t got = getrandom(random + filled, sizeof(random) - filled, 0);

		filled += got > 0 ? (size_t) got : 0;
	}
	nachet_hex_encode(random, sizeof(random), parts->boundary);
	snprintf(parts->type, sizeof(parts->type), "multipart/form-data; boundary=%s", parts->boundary);
	parts->body = (NachetServiceBody){.type = parts->type,
	                                  .length = write_end(parts),
	                                  .owner = parts,
	                                  .rewind = rewind_parts,
	                                  .next = next_of_parts};
	parts->reader = reader;
	parts->email = email != NULL && *email != '\0' ? email : NULL;
	parts->count = 0;
	if (parts->email != NULL)
		parts->body.length += write_email_head(parts) + strlen(parts->email);
	rewind_parts(&parts->body);
}

bool
nachet_service_parts_add(NachetServiceParts *parts, size_t index, uint64_t max_bytes,
                         uint64_t max_parts)
{
	uint64_t bytes;

	if (parts->count >= NACHET_PARTS_MAX || (parts->count > 0 && parts->count >= max_parts))
		return false;
	parts->index[parts->count] = index;
	bytes = write_head(parts, parts->count) + parts->reader->files->file[index].size;
	if (parts->count > 0 && parts->body.length + bytes > max_bytes)
		return false;
	parts->body.length += bytes;
	parts->count++;
	return true;
}
