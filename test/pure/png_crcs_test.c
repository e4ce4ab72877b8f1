/*
 * test/pure/png_crcs_test.c
 *		The CRCs of a PNG whose bytes pass by: right only if it is whole, however the bytes are cut.
 */
#include "bytes.h"
#include "crc.h"
#include "png_crcs.h"

#define DATA_BYTES 300

/* Where the chunks begin. */
static size_t palette_at;
static size_t comment_at;
static size_t pixels_at;
static size_t end_at;

static size_t
put_chunk(const char *type, const void *data, size_t length)
{
	size_t at = bytes.size;

	put_be(length, 4);
	put_text(type);
	put(data, length);
	put_be(nachet_crc32_add(0, bytes.data + at + 4, 4 + length), 4);
	return at;
}

static void
make_png(void)
{
	unsigned char data[DATA_BYTES];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char) (7 * i);
	start();
	put("\x89PNG\r\n\x1a\n", 8);
	put_chunk("IHDR", "\0\0\0\x10\0\0\0\x10\x08\x03\0\0\0", 13);
	palette_at = put_chunk("PLTE", data, 48);
	comment_at = put_chunk("tEXt", "a\0comment", 9);
	pixels_at = put_chunk("IDAT", data, sizeof(data));
	put_chunk("IDAT", NULL, 0);
	end_at = put_chunk("IEND", NULL, 0);
}

/* Whether they are right when the bytes come in pieces of so many. */
static bool
right(size_t length, size_t piece)
{
	NachetPngCrcs crcs;

	nachet_png_crcs_init(&crcs);
	for (size_t at = 0; at < length; at += piece)
		nachet_png_crcs_add(&crcs, bytes.data + at, length - at < piece ? length - at : piece);
	return nachet_png_crcs_right(&crcs);
}

static void
test_pieces(void)
{
	bool whole = true;
	bool cut = false;

	make_png();
	for (size_t piece = 1; piece <= bytes.size; piece++)
	{
		whole = whole && right(bytes.size, piece);
		for (size_t length = 0; length < bytes.size; length += 1 + piece / 8)
			cut = cut || right(length, piece);
	}
	ok(whole, "a PNG in pieces of any size");
	ok(!cut, "a PNG that was cut anywhere");
	put_text("something behind it");
	ok(right(bytes.size, 5) && right(bytes.size, bytes.size), "a PNG with something behind it");
}

static void
test_damage(void)
{
	int missed = 0;
	int seen = 0;

	make_png();
	for (size_t at = 0; at < bytes.size; at++)
	{
		/* a comment's type, text and CRC are its own matter, unless it becomes a critical chunk */
		bool ancillary = at > comment_at + 4 && at < pixels_at;

		bytes.data[at] ^= 0x01;
		missed += !ancillary && at != comment_at + 4 && right(bytes.size, 64);
		seen += ancillary && !right(bytes.size, 64);
		bytes.data[at] ^= 0x01;
	}
	ok(missed == 0, "a bit that flips in a critical chunk is always seen");
	ok(seen == 0, "a bit that flips in a comment never is");
	bytes.data[comment_at + 4] ^= 0x20;
	ok(!right(bytes.size, 64), "a comment that becomes a critical chunk has the wrong CRC");
	bytes.data[comment_at + 4] ^= 0x20;
	bytes.data[palette_at + 3]++;
	ok(!right(bytes.size, 64), "a palette that becomes longer is no palette");
	bytes.data[palette_at + 3]--;
	bytes.size = end_at;
	ok(!right(bytes.size, 64), "a PNG without its end");
}

static void
test_others(void)
{
	start();
	put_text("\xff\xd8\xff\xe0 and other bytes that are no PNG");
	ok(!right(bytes.size, 7), "bytes that are no PNG");
	ok(!right(0, 1), "no bytes");
}

int
main(void)
{
	test_pieces();
	test_damage();
	test_others();
	return tap_done();
}
