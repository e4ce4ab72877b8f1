/*
 * test/pure/hostile_gif_test.c
 *		Hand-made GIF that lie, loop or are odd.
 */
#include "bytes.h"

static void
start_gif(const char *version, unsigned int width, unsigned int height, unsigned int packed)
{
	start();
	put_text(version);
	put_le(width, 2);
	put_le(height, 2);
	put_le(packed, 1);
	put_zeros(2);
	if (packed & 0x80)
		put_zeros((size_t) 3 << ((packed & 7) + 1));
}

static void
put_gif_image(unsigned int width, unsigned int height, unsigned int code_size,
              unsigned int data_bytes)
{
	put_text(",");
	put_zeros(4);
	put_le(width, 2);
	put_le(height, 2);
	put_le(0, 1);
	put_le(code_size, 1);
	if (data_bytes > 0)
		put_le(data_bytes, 1);
	put_zeros(data_bytes);
	put_le(0, 1);
}

static void
test_gif(void)
{
	start_gif("GIF89a", 300, 2, 0x87);
	put_gif_image(300, 2, 8, 255);
	put_text(";");
	expect_size(300, 2, "GIF with 256 colours");
	start_gif("GIF88a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "version", "GIF88a");
	start_gif("GIF89a", 3, 2, 0x80);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "no image", "GIF without an image");
	start_gif("GIF89a", 3, 2, 0);
	put("!\xfe\x03zzz", 6);
	put_le(0, 1);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "no image", "GIF of a comment");
	start_gif("GIF89a", 0, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_DIMENSIONS, "GIF: width is 0", "GIF without width");
	start_gif("GIF89a", 3, 0, 0);
	put_gif_image(3, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_DIMENSIONS, "GIF: height is 0", "GIF without height");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(0, 2, 2, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "without width", "GIF with an image without width");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 12, 4);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "code size", "GIF with codes of 13 bits");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 0);
	put_text(";");
	expect(NACHET_PICTURE_MALFORMED, "without data", "GIF with an empty image");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_text("?");
	expect(NACHET_PICTURE_MALFORMED, "unknown block", "GIF with a strange block");
	start_gif("GIF89a", 3, 2, 0);
	put_gif_image(3, 2, 2, 4);
	put_zeros(30000);
	expect(NACHET_PICTURE_TRUNCATED, "no trailer", "GIF that ends in zeros");
	start_gif("GIF89a", 3, 2, 0);
	for (int i = 0; i < 10000; i++)
		put_text("!\xfe\x01x"), put_le(0, 1);
	expect(NACHET_PICTURE_TRUNCATED, "no trailer", "GIF of 10,000 comments");
}

/* As many pixels as codes can stand for, whatever they are. */
static void
test_gif_pixels(void)
{
	static const struct
	{
		unsigned int width;
		unsigned int height;
		unsigned int code_size;
		unsigned int data_bytes;
		bool enough;
	} images[] = {
	    /* two codes of three bits: one pixel, and two more */
	    {2, 2, 2, 1, false},
	    {3, 1, 2, 1, true},
	    {1, 1, 8, 1, false},
	    {1, 1, 7, 1, true},
	    {65535, 65535, 8, 255, false},
	    /* 226 codes of nine bits, if none is spent otherwise: 1 + 2 + ... + 226 */
	    {25651, 1, 8, 255, true},
	    {25652, 1, 8, 255, false},
	};

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
	{
		start_gif("GIF89a", 10, 10, 0);
		put_gif_image(images[i].width, images[i].height, images[i].code_size, images[i].data_bytes);
		put_text(";");
		if (images[i].enough)
			expect(NACHET_PICTURE_OK, NULL, "GIF of as many pixels as its codes may hold");
		else
			expect(NACHET_PICTURE_MALFORMED, "too few bytes",
			       "GIF of more than its codes may hold");
	}
	/* 65,535 bytes of codes that grow as long as they can */
	start_gif("GIF89a", 65535, 600, 0);
	put_gif_image(65535, 600, 8, 0);
	bytes.size--;
	for (int i = 0; i < 257; i++)
	{
		put_le(255, 1);
		put_zeros(255);
	}
	put_text(";");
	bytes.data[bytes.size - 1] = 0;
	put_text(";");
	expect_size(65535, 600, "GIF of 39 million pixels in 65 kB");
}

int
main(void)
{
	test_gif();
	test_gif_pixels();
	return tap_done();
}
