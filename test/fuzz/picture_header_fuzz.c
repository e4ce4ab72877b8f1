/*
 * test/fuzz/picture_header_fuzz.c
 *		The readers of the picture formats: any bytes, from memory and from a medium that may fail.
 */
#include <string.h>

#include "pure/crc.h"
#include "pure/png_crcs.h"
#include "pure/picture_header.h"
#include "fuzz.h"

/* Bytes that may be asked for in all, for each byte that is there; and beside them. */
#define ASKED_PER_BYTE 64
#define ASKED_MORE     (1024 * 1024)

typedef struct Medium
{
	const uint8_t *bytes;
	size_t size;
	uint64_t asked;
	uint64_t reads_left; /* before it fails */
	bool failed;
} Medium;

static bool
read_medium(void *context, uint64_t offset, void *buffer, size_t length)
{
	Medium *medium = context;

	CLAIM(length > 0 && offset < medium->size && medium->size - offset >= length);
	CLAIM(!medium->failed);
	medium->asked += length;
	if (medium->reads_left-- == 0)
	{
		medium->failed = true;
		return false;
	}
	memcpy(buffer, medium->bytes + offset, length);
	return true;
}

static NachetPictureStatus
read_from_medium(Medium *medium, bool png_crcs_right, NachetPicture *picture)
{
	NachetSource source = {.read = read_medium,
	                       .context = medium,
	                       .size = medium->size,
	                       .png_crcs_right = png_crcs_right};

	return nachet_picture_header_read(&source, picture);
}

static void
check_answer(NachetPictureStatus status, const NachetPicture *picture)
{
	CLAIM((status == NACHET_PICTURE_OK) == (picture->reason == NULL));
	if (status != NACHET_PICTURE_OK)
		return;
	CLAIM(picture->format != NULL);
	CLAIM(picture->width > 0 && picture->width <= NACHET_PICTURE_MAX_SIDE);
	CLAIM(picture->height > 0 && picture->height <= NACHET_PICTURE_MAX_SIDE);
	CLAIM((uint64_t) picture->width * picture->height <= NACHET_PICTURE_MAX_PIXELS);
}

/*
 * Makes each chunk of a PNG match its CRC, so that what lies behind one that was changed is
 * reached.
 */
static void
mend_crcs(uint8_t *bytes, size_t size)
{
	size_t at = 8;

	while (size >= 12 && at <= size - 12)
	{
		size_t length = (size_t) bytes[at] << 24 | (size_t) bytes[at + 1] << 16 |
		                (size_t) bytes[at + 2] << 8 | bytes[at + 3];
		uint32_t crc;

		if (length > size - 12 - at)
			return;
		crc = nachet_crc32_add(0, bytes + at + 4, 4 + length);
		for (int i = 0; i < 4; i++)
			bytes[at + 8 + length + (size_t) i] = (uint8_t) (crc >> (24 - 8 * i));
		at += 12 + length;
	}
}

static void
judge(const uint8_t *bytes, size_t size)
{
	NachetPicture whole;
	NachetPicture picture;
	NachetPictureStatus status = nachet_picture_header_read_buffer(bytes, size, &whole);
	uint64_t random = fuzz_seed(bytes, size);
	Medium medium = {bytes, size, 0, UINT64_MAX, false};
	NachetPngCrcs crcs;

	check_answer(status, &whole);
	CLAIM((status == NACHET_PICTURE_EMPTY) == (size == 0));
	CLAIM(status != NACHET_PICTURE_READ_FAILED);

	/* A medium gives the same answer, and is read a bounded number of times. */
	CLAIM(read_from_medium(&medium, false, &picture) == status);
	CLAIM(picture.format == whole.format && picture.reason == whole.reason);
	CLAIM(picture.width == whole.width && picture.height == whole.height);
	CLAIM(medium.asked <= ASKED_PER_BYTE * (uint64_t) size + ASKED_MORE);

	/*
	 * So does one whose CRCs were told as the bytes passed by, cut anyhow; and no PNG is accepted
	 * without.
	 */
	nachet_png_crcs_init(&crcs);
	for (size_t at = 0; at < size;)
	{
		size_t piece = 1 + fuzz_random(&random) % (size - at);

		nachet_png_crcs_add(&crcs, bytes + at, piece);
		at += piece;
	}
	CLAIM(status != NACHET_PICTURE_OK || strcmp(whole.format, "PNG") != 0 ||
	      nachet_png_crcs_right(&crcs));
	medium = (Medium){bytes, size, 0, UINT64_MAX, false};
	CLAIM(read_from_medium(&medium, nachet_png_crcs_right(&crcs), &picture) == status);
	CLAIM(picture.reason == whole.reason);

	/* One that fails is not asked again, and the failure is told. */
	medium = (Medium){bytes, size, 0, fuzz_random(&random) % 24, false};
	status = read_from_medium(&medium, false, &picture);
	check_answer(status, &picture);
	CLAIM(medium.failed == (status == NACHET_PICTURE_READ_FAILED));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *copy;

	judge(bytes, size);
	if (size < 8 || memcmp(bytes, "\x89PNG", 4) != 0)
		return 0;
	copy = malloc(size);
	CLAIM(copy != NULL);
	memcpy(copy, bytes, size);
	mend_crcs(copy, size);
	judge(copy, size);
	free(copy);
	return 0;
}
