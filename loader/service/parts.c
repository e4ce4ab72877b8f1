/*
 * loader/service/parts.c
 *		The body that carries pictures: multipart/form-data, drawn from a batch as it is sent.
 *
 * RFC 7578 as browsers write it. The boundary is 128 random bits, which no picture holds. Its length is known
 * before a byte is drawn: heads are written twice, and a file that is not as long as it was is an error.
 * Parts have numbers for names: the answer tells of each in its place, and the manifest has the names.
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
	NachetServiceParts *parts = (NachetServiceParts *) body;

	parts->email_step = parts->email != NULL ? EMAIL_HEAD : EMAIL_SENT;
	parts->next = 0;
	parts->opened = false;
	parts->ended = false;
}

static bool
next_piece(NachetServiceBody *body, const char **bytes, size_t *length, NachetError *error)
{
	NachetServiceParts *parts = (NachetServiceParts *) body;
	NachetBatch *batch = parts->batch;

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
		if (!batch->read(batch, bytes, length, error))
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
		parts->opened = batch->open(batch, parts->position[parts->next], error);
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
nachet_service_parts_init(NachetServiceParts *parts, NachetBatch *batch, const char *email)
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
	parts->body.type = parts->type;
	parts->body.rewind = rewind_parts;
	parts->body.next = next_piece;
	parts->batch = batch;
	parts->email = email != NULL && *email != '\0' ? email : NULL;
	parts->count = 0;
	parts->body.length = write_end(parts);
	if (parts->email != NULL)
		parts->body.length += write_email_head(parts) + strlen(parts->email);
	rewind_parts(&parts->body);
}

bool
nachet_service_parts_add(NachetServiceParts *parts, size_t position, uint64_t most_bytes,
                         uint64_t most_parts)
{
	uint64_t bytes;

	if (parts->count >= NACHET_PARTS_MAX || (parts->count > 0 && parts->count >= most_parts))
		return false;
	parts->position[parts->count] = position;
	bytes = write_head(parts, parts->count) +
	        parts->batch->files->file[parts->batch->index[position]].size;
	if (parts->count > 0 && parts->body.length + bytes > most_bytes)
		return false;
	parts->body.length += bytes;
	parts->count++;
	return true;
}
