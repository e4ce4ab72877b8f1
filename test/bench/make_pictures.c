/*
 * test/bench/make_pictures.c
 *		Fills a folder with whole pictures of bytes that do not compress.
 *
 *		make_pictures FOLDER COUNT SIZE SEED
 *
 * Each picture is a grey, uncompressed TIFF of SIZE bytes, whose one strip of noise ends with the file; a
 * thousand lie in each sub-folder. The same arguments give the same bytes, another seed gives others, and
 * no two pictures are alike. The noise is splitmix64, which no compressor finds anything in.
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

#define ENTRIES      9
#define HEAD_BYTES   (8 + 2 + ENTRIES * 12 + 4)
#define MIN_SIZE     256
#define MAX_SIZE     1000000000
#define FOLDER_FILES 1000

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

/* Writes the head of a picture of so many bytes. */
static void
put_head(char *picture, uint32_t size)
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
make_pictures(const char *folder, long count, size_t size, uint64_t seed)
{
	char *picture = calloc(1, size + sizeof(uint64_t));
	char path[4096];
	bool done = picture != NULL;

	if (done)
		put_head(picture, (uint32_t) size);
	for (long i = 0; done && i < count; i++)
	{
		uint64_t state = seed << 32 ^ (uint64_t) i;
		uint64_t noise;

		/* One step of the generator parts neighbouring seeds, whose sequences would overlap. */
		state = next_noise(&state);
		for (size_t at = HEAD_BYTES; at < size; at += sizeof(noise))
		{
			noise = next_noise(&state);
			memcpy(picture + at, &noise, sizeof(noise));
		}
		snprintf(path, sizeof(path), "%s/%04ld", folder, i / FOLDER_FILES);
		if (i % FOLDER_FILES == 0 && mkdir(path, 0755) != 0 && errno != EEXIST)
		{
			perror(path);
			done = false;
			break;
		}
		snprintf(path, sizeof(path), "%s/%04ld/%07ld.tif", folder, i / FOLDER_FILES, i);
		done = write_picture(path, picture, size);
	}
	free(picture);
	return done;
}

int
main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[2]) : 0;
	long size = argc == 5 ? atol(argv[3]) : 0;

	if (count < 1 || size < MIN_SIZE || size > MAX_SIZE)
	{
		fprintf(stderr, "usage: make_pictures FOLDER COUNT SIZE SEED, SIZE from %d to %d\n",
		        MIN_SIZE, MAX_SIZE);
		return 2;
	}
	if (mkdir(argv[1], 0755) != 0 && errno != EEXIST)
	{
		perror(argv[1]);
		return 1;
	}
	return make_pictures(argv[1], count, (size_t) size, strtoull(argv[4], NULL, 10)) ? 0 : 1;
}
