/*
 * extension/pure/picture_reader.c
 *		What the readers of the picture formats share: a window onto the bytes, and how to refuse.
 */
#include "picture_reader.h"

bool
nachet_picture_within(const NachetReader *reader, uint64_t offset, uint64_t length)
{
	return offset <= reader->source->size && length <= reader->source->size - offset;
}

void
nachet_picture_window_init(NachetWindow *window)
{
	window->start = 0;
	window->filled = 0;
	window->ahead = NACHET_WINDOW_FIRST_READ;
}

const unsigned char *
nachet_picture_peek_in(NachetReader *reader, NachetWindow *window, uint64_t offset, size_t length,
                       const char *reason)
{
	size_t wanted;

	if (offset >= window->start && offset - window->start <= window->filled &&
	    window->filled - (offset - window->start) >= length)
		return window->bytes + (offset - window->start);

	if (!nachet_picture_within(reader, offset, length))
	{
		nachet_picture_refuse(reader, NACHET_PICTURE_TRUNCATED, reason);
		return NULL;
	}

	/* A step of less than a window is part of a walk: look ahead twice as far as before. */
	if (window->filled > 0)
	{
		if (offset >= window->start && offset - window->start <= NACHET_WINDOW_BYTES)
			window->ahead *= 2;
		else
			window->ahead = NACHET_WINDOW_HOP_READ;
		if (window->ahead > NACHET_WINDOW_BYTES)
			window->ahead = NACHET_WINDOW_BYTES;
	}

	wanted = window->ahead > length ? window->ahead : length;
	if (wanted > reader->source->size - offset)
		wanted = (size_t) (reader->source->size - offset);

	window->filled = 0;
	if (!reader->source->read(reader->source->context, offset, window->bytes, wanted))
	{
		nachet_picture_refuse(reader, NACHET_PICTURE_READ_FAILED, "could not be read");
		return NULL;
	}
	window->start = offset;
	window->filled = wanted;
	return window->bytes;
}

const unsigned char *
nachet_picture_peek(NachetReader *reader, uint64_t offset, size_t length, const char *reason)
{
	return nachet_picture_peek_in(reader, &reader->window, offset, length, reason);
}

size_t
nachet_picture_window_left(const NachetReader *reader, uint64_t offset)
{
	return reader->window.filled - (size_t) (offset - reader->window.start);
}

bool
nachet_picture_ends_in_zeros(NachetReader *reader, uint64_t offset, uint64_t length, bool *zeros)
{
	size_t tail = length < NACHET_ZEROS_BYTES ? (size_t) length : NACHET_ZEROS_BYTES;
	const unsigned char *bytes =
	    nachet_picture_peek(reader, offset + length - tail, tail, "could not be read");

	if (bytes == NULL)
		return false;
	while (tail > 0 && bytes[tail - 1] == 0)
		tail--;
	*zeros = tail == 0;
	return true;
}

NachetPictureStatus
nachet_picture_set_size(NachetReader *reader, uint64_t width, uint64_t height)
{
	const NachetSizeReasons *reasons = reader->size_reasons;
	const char *reason = NULL;

	reader->picture->width = width > UINT32_MAX ? UINT32_MAX : (uint32_t) width;
	reader->picture->height = height > UINT32_MAX ? UINT32_MAX : (uint32_t) height;

	if (width == 0)
		reason = reasons->no_width;
	else if (height == 0)
		reason = reasons->no_height;
	else if (width > NACHET_PICTURE_MAX_SIDE || height > NACHET_PICTURE_MAX_SIDE)
		reason = reasons->too_long;
	else if (width * height > NACHET_PICTURE_MAX_PIXELS)
		reason = reasons->too_many;

	if (reason != NULL)
		return nachet_picture_refuse(reader, NACHET_PICTURE_DIMENSIONS, reason);
	return NACHET_PICTURE_OK;
}

bool
nachet_picture_starts_with(const unsigned char *bytes, size_t length, const char *signature,
                           size_t signature_length)
{
	if (length < signature_length)
		return false;
	for (size_t i = 0; i < signature_length; i++)
	{
		if (signature[i] != '?' && bytes[i] != (unsigned char) signature[i])
			return false;
	}
	return true;
}
