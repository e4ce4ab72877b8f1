/*
 * http/routes/fields.c
 *		The plain fields of a form: names and values, as two text[] parameters.
 *
 * Their meaning is the datastore's to decide. Here they are only made fit to be sent: bounded,
 * text, and each name once, because a JSON object would keep the last of two and say nothing.
 */
#include <string.h>
#include <arpa/inet.h>

#include "pure/names.h"
#include "http/routes/fields.h"

void
nachet_fields_init(NachetFields *fields)
{
	memset(fields, 0, sizeof(*fields));
	nachet_array_init(&fields->names, NACHET_TEXT_OID);
	nachet_array_init(&fields->values, NACHET_TEXT_OID);
}

void
nachet_fields_free(NachetFields *fields)
{
	nachet_array_free(&fields->names);
	nachet_array_free(&fields->values);
	nachet_text_free(&fields->name);
	nachet_text_free(&fields->value);
}

static bool
has(const NachetFields *fields, const char *name, size_t length)
{
	const char *at;

	if (fields->names.count == 0)
		return false;
	at = fields->names.data + NACHET_ARRAY_HEADER_BYTES;
	for (uint32_t i = 0; i < fields->names.count; i++)
	{
		uint32_t size;

		memcpy(&size, at, sizeof(size));
		size = ntohl(size);
		at += sizeof(size);
		if (size == length && memcmp(at, name, length) == 0)
			return true;
		at += size;
	}
	return false;
}

bool
nachet_fields_has(const NachetFields *fields, const char *name)
{
	return has(fields, name, strlen(name));
}

static bool
is_text(const char *bytes, size_t length)
{
	return length == 0 || (memchr(bytes, '\0', length) == NULL && nachet_utf8_valid(bytes, length));
}

NachetFieldFlaw
nachet_fields_begin(NachetFields *fields, const char *name, size_t length)
{
	fields->bytes += length;
	if (fields->bytes > NACHET_FIELDS_BYTES || fields->names.count >= NACHET_FIELDS_COUNT)
		return NACHET_FIELD_TOO_LARGE;
	if (length == 0)
		return NACHET_FIELD_UNNAMED;
	if (!is_text(name, length))
		return NACHET_FIELD_NO_TEXT;
	if (has(fields, name, length))
		return NACHET_FIELD_REPEATED;
	fields->name.length = 0;
	fields->value.length = 0;
	nachet_text_add(&fields->name, name, length);
	return NACHET_FIELD_FINE;
}

NachetFieldFlaw
nachet_fields_receive(NachetFields *fields, const void *bytes, size_t length)
{
	fields->bytes += length;
	if (fields->bytes > NACHET_FIELDS_BYTES)
		return NACHET_FIELD_TOO_LARGE;
	nachet_text_add(&fields->value, bytes, length);
	return NACHET_FIELD_FINE;
}

NachetFieldFlaw
nachet_fields_end(NachetFields *fields)
{
	if (!is_text(fields->value.bytes, fields->value.length))
		return NACHET_FIELD_NO_TEXT;
	nachet_array_add(&fields->names, fields->name.bytes, fields->name.length);
	nachet_array_add(&fields->values, fields->value.bytes, fields->value.length);
	if (fields->name.failed || fields->value.failed)
		fields->names.failed = true;
	return NACHET_FIELD_FINE;
}
