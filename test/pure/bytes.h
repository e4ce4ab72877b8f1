/*
 * test/pure/bytes.h
 *		Bytes made by hand, and what the picture readers are to answer to them.
 *
 * Each case is built from the smallest true picture of its kind, which is accepted too: so that a
 * refusal is for the lie and for nothing else.
 */
#ifndef NACHET_TEST_BYTES_H
#define NACHET_TEST_BYTES_H

#include "probe.h"
#include "tap.h"

/* Bytes under construction. */
typedef struct Bytes
{
	unsigned char data[1 << 20];
	size_t size;
} Bytes;

static Bytes bytes;

/*
 * Whatever lies within the last bytes' reach is 0 again, so that a test may write beyond its end
 * first.
 */
static inline void
start(void)
{
	memset(bytes.data, 0, bytes.size + 4096);
	bytes.size = 0;
}

static inline void
put(const void *data, size_t length)
{
	if (length > 0)
		memcpy(bytes.data + bytes.size, data, length);
	bytes.size += length;
}

static inline void
put_text(const char *text)
{
	put(text, strlen(text));
}

static inline void
put_zeros(size_t length)
{
	bytes.size += length;
}

/* The low bytes of a number, in either order, at the end or at a place. */
static inline void
set_number(size_t at, uint64_t number, size_t length, bool big_endian)
{
	for (size_t i = 0; i < length; i++)
		bytes.data[at + (big_endian ? length - 1 - i : i)] = (unsigned char) (number >> (8 * i));
}

static inline void
put_le(uint64_t number, size_t length)
{
	set_number(bytes.size, number, length, false);
	bytes.size += length;
}

static inline void
put_be(uint64_t number, size_t length)
{
	set_number(bytes.size, number, length, true);
	bytes.size += length;
}

/* Reads what was built, from a copy of its exact size. */
static inline void
expect(NachetPictureStatus wanted, const char *reason, const char *what)
{
	unsigned char *copy = malloc(bytes.size + (bytes.size == 0));
	Probe probe;
	NachetPicture picture;
	NachetPictureStatus status;
	bool right;

	memcpy(copy, bytes.data, bytes.size);
	status = probe_picture(&probe, copy, bytes.size, PROBE_NEVER, &picture);
	right = status == wanted && picture.status == status;
	if (reason == NULL)
		right = right && picture.reason == NULL && nachet_picture_code(status) == NULL;
	else
		right = right && picture.reason != NULL && strstr(picture.reason, reason) != NULL;
	if (!ok(right, "%s: %s", what, status_name(wanted)))
		diag("got: %s %s %ux%u %s", status_name(status), picture.format ? picture.format : "-",
		     picture.width, picture.height, picture.reason ? picture.reason : "");
	if (probe.reads > 64 + bytes.size)
		ok(false, "%s: %llu reads", what, (unsigned long long) probe.reads);
	free(copy);
}

static inline void
expect_size(unsigned int width, unsigned int height, const char *what)
{
	NachetPicture picture;
	NachetPictureStatus status =
	    nachet_picture_header_read_buffer(bytes.data, bytes.size, &picture);

	if (!ok(status == NACHET_PICTURE_OK && picture.width == width && picture.height == height,
	        "%s: %u x %u", what, width, height))
		diag("got: %s %ux%u %s", status_name(status), picture.width, picture.height,
		     picture.reason ? picture.reason : "");
}

#endif
