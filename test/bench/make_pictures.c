/*
 * test/bench/make_pictures.c
 *		Fills a folder with whole pictures of bytes that do not compress.
 *
 *		make_pictures FOLDER COUNT SIZE SEED [FORMAT]
 *
 * Each picture is a grey, uncompressed TIFF of SIZE bytes, whose one strip of noise ends with the
 * file, or, if FORMAT is png, a grey PNG of nearly SIZE bytes; a thousand lie in each sub-folder.
 * The same arguments give the same bytes, another seed gives others, and no two pictures are alike.
 * The noise is splitmix64, which no compressor finds anything in.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "pure/crc.h"

#define ENTRIES      9
#define HEAD_BYTES   (8 + 2 + ENTRIES * 12 + 4)
#define MIN_SIZE     256
#define MAX_SIZE     1000000000
#define FOLDER_FILES 1000

/*
 * A PNG's pixels: blocks of deflate that are stored as they are, each in an IDAT chunk of its own.
 */
#define PNG_HEAD_BYTES  (8 + 12 + 13)
#define PNG_BLOCK_BYTES 32768
#define PNG_BLOCK_MORE  (12 + 5)
#define PNG_TAIL_BYTES  (12 + 4 + 12)

enum
{
	TYPE_SHORT = 3,
	TYPE_LONG = 4
};

static uint64_t
next_noise(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static char *
put_little_endian(char *at, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		*at++ = (char) (value >> (8 * i));
	return at;
}

static char *
put_entry(char *at, uint32_t tag, uint32_t type, uint32_t value)
{
	at = put_little_endian(at, tag, 2);
	at = put_little_endian(at, type, 2);
	at = put_little_endian(at, 1, 4);
	return put_little_endian(at, value, 4);
}

/* Writes the head of a TIFF of so many bytes. */
static void
put_tiff_head(char *picture, uint32_t size)
{
	uint32_t width = (uint32_t) sqrt((double) (size - HEAD_BYTES));
	uint32_t height = (size - HEAD_BYTES) / width;
	char *at = picture;

	memcpy(at, "II*\0", 4);
	at = put_little_endian(at + 4, 8, 4);
	at = put_little_endian(at, ENTRIES, 2);
	at = put_entry(at, 256, TYPE_LONG, width);
	at = put_entry(at, 257, TYPE_LONG, height);
	at = put_entry(at, 258, TYPE_SHORT, 8); /* bits of a sample */
	at = put_entry(at, 259, TYPE_SHORT, 1); /* no compression */
	at = put_entry(at, 262, TYPE_SHORT, 1); /* black is zero */
	at = put_entry(at, 273, TYPE_LONG, size - width * height);
	at = put_entry(at, 277, TYPE_SHORT, 1); /* samples of a pixel */
	at = put_entry(at, 278, TYPE_LONG, height);
	at = put_entry(at, 279, TYPE_LONG, width * height);
	put_little_endian(at, 0, 4);
}

static void
fill_with_noise(char *bytes, size_t size, uint64_t state)
{
	for (size_t at = 0; at < size; at += sizeof(state))
	{
		uint64_t noise = next_noise(&state);

		memcpy(bytes + at, &noise, size - at < sizeof(noise) ? size - at : sizeof(noise));
	}
}

static size_t
make_tiff(char *picture, size_t size, uint64_t state)
{
	put_tiff_head(picture, (uint32_t) size);
	fill_with_noise(picture + HEAD_BYTES, size - HEAD_BYTES, state);
	return size;
}

static char *
put_big_endian(char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		*at++ = (char) (value >> (24 - 8 * i));
	return at;
}

/* Writes a chunk whose data stands at at + 8 already. */
static char *
put_chunk(char *at, const char *type, size_t length)
{
	put_big_endian(at, (uint32_t) length);
	memcpy(at + 4, type, 4);
	return put_big_endian(at + 8 + length, nachet_crc32_add(0, at + 4, 4 + length));
}

/* RFC 1950: the checksum behind a zlib stream, which starts at 1. */
static uint32_t
add_adler(uint32_t adler, const char *bytes, size_t length)
{
	uint32_t low = adler & 0xffff;
	uint32_t high = adler >> 16;

	for (size_t i = 0; i < length; i++)
	{
		low = (low + (unsigned char) bytes[i]) % 65521;
		high = (high + low) % 65521;
	}
	return high << 16 | low;
}

/*
 * One stored block (RFC 1951, 3.2.4), in a chunk; before the first one stands the zlib stream's
 * head.
 */
static char *
put_block(char *at, const char *raw, size_t length, bool first, bool last)
{
	char *data = at + 8;

	if (first)
	{
		memcpy(data, "\x78\x01", 2);
		data += 2;
	}
	*data++ = (char) last;
	data = put_little_endian(data, (uint32_t) length, 2);
	data = put_little_endian(data, (uint32_t) ~length, 2);
	memcpy(data, raw, length);
	return put_chunk(at, "IDAT", (size_t) (data - at) - 8 + length);
}

static size_t
make_png(char *picture, size_t size, uint64_t state)
{
	size_t blocks = size / (PNG_BLOCK_BYTES + PNG_BLOCK_MORE) + 1;
	size_t bytes = size - PNG_HEAD_BYTES - PNG_TAIL_BYTES - 2 - blocks * PNG_BLOCK_MORE;
	uint32_t width = (uint32_t) sqrt((double) bytes);
	uint32_t height = (uint32_t) (bytes / (width + 1));
	char *raw = malloc((size_t) (width + 1) * height);
	char *at = picture;
	uint32_t adler = 1;

	if (raw == NULL)
		return 0;
	bytes = (size_t) (width + 1) * height;
	fill_with_noise(raw, bytes, state);
	for (uint32_t row = 0; row < height; row++)
		raw[(size_t) row * (width + 1)] = 0;
	memcpy(at, "\x89PNG\r\n\x1a\n", 8);
	put_big_endian(put_big_endian(at + 16, width), height);
	memcpy(at + 24, "\x08\0\0\0\0", 5);
	at = put_chunk(at + 8, "IHDR", 13);
	for (size_t done = 0; done < bytes; done += PNG_BLOCK_BYTES)
	{
		size_t left = bytes - done;
		size_t length = left < PNG_BLOCK_BYTES ? left : PNG_BLOCK_BYTES;

		adler = add_adler(adler, raw + done, length);
		at = put_block(at, raw + done, length, done == 0, length == left);
	}
	free(raw);
	put_big_endian(at + 8, adler);
	at = put_chunk(at, "IDAT", 4);
	return (size_t) (put_chunk(at, "IEND", 0) - picture);
}

static bool
write_picture(const char *path, const char *picture, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	bool done = fd >= 0;

	for (size_t at = 0; done && at < size;)
	{
		ssize_t some = write(fd, picture + at, size - at);

		done = some >= 0 || errno == EINTR;
		at += some > 0 ? (size_t) some : 0;
	}
	if (fd >= 0 && close(fd) != 0)
		done = false;
	if (!done)
		perror(path);
	return done;
}

static bool
make_pictures(const char *folder, long count, size_t size, uint64_t seed, bool png)
{
	char *picture = malloc(size);
	char path[4096];
	bool done = picture != NULL;

	for (long i = 0; done && i < count; i++)
	{
		uint64_t state = seed << 32 ^ (uint64_t) i;
		size_t length;

		/* One step of the generator parts neighbouring seeds, whose sequences would overlap. */
		state = next_noise(&state);
		length = png ? make_png(picture, size, state) : make_tiff(picture, size, state);
		snprintf(path, sizeof(path), "%s/%04ld", folder, i / FOLDER_FILES);
		if (i % FOLDER_FILES == 0 && mkdir(path, 0755) != 0 && errno != EEXIST)
		{
			perror(path);
			done = false;
			break;
		}
		snprintf(path, sizeof(path), "%s/%04ld/%07ld.%s", folder, i / FOLDER_FILES, i,
		         png ? "png" : "tif");
		done = length > 0 && write_picture(path, picture, length);
	}
	free(picture);
	return done;
}

int
main(int argc, char **argv)
{
	bool right = argc == 5 || argc == 6;
	long count = right ? atol(argv[2]) : 0;
	long size = right ? atol(argv[3]) : 0;
	bool png = argc == 6 && strcmp(argv[5], "png") == 0;

	if (count < 1 || size < MIN_SIZE || size > MAX_SIZE ||
	    (argc == 6 && !png && strcmp(argv[5], "tiff") != 0))
	{
		fprintf(stderr,
		        "usage: make_pictures FOLDER COUNT SIZE SEED [tiff|png], SIZE from %d to %d\n",
		        MIN_SIZE, MAX_SIZE);
		return 2;
	}
	if (mkdir(argv[1], 0755) != 0 && errno != EEXIST)
	{
		perror(argv[1]);
		return 1;
	}
	return make_pictures(argv[1], count, (size_t) size, strtoull(argv[4], NULL, 10), png) ? 0 : 1;
}
