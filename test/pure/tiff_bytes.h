/*
 * test/pure/tiff_bytes.h
 *		TIFF made by hand, classic and BigTIFF, field by field.
 *
 * The plain one is 4 x 3 in 8-bit grey: a header, a directory at 8 and one strip of 12 bytes after
 * it.
 */
#ifndef NACHET_TEST_TIFF_BYTES_H
#define NACHET_TEST_TIFF_BYTES_H

#include "bytes.h"

#define BYTE     1
#define ASCII    2
#define SHORT    3
#define LONG     4
#define RATIONAL 5
#define LONG8    16

/* How the file at hand is written. */
static bool big_endian;
static bool big;
static size_t word;
static size_t fields_at;

static inline void
put_number(uint64_t number, size_t length)
{
	set_number(bytes.size, number, length, big_endian);
	bytes.size += length;
}

static inline void
start_tiff(bool is_big_endian, bool is_big)
{
	start();
	big_endian = is_big_endian;
	big = is_big;
	word = big ? 8 : 4;
	put_text(big_endian ? "MM" : "II");
	put_number(big ? 43 : 42, 2);
	if (big)
	{
		put_number(8, 2);
		put_number(0, 2);
	}
	put_number(big ? 16 : 8, word);
}

static inline void
start_directory(void)
{
	fields_at = bytes.size;
	put_number(0, big ? 8 : 2);
}

/* A field whose value, or its offset, is one number. */
static inline void
put_field(unsigned int tag, unsigned int type, uint64_t count, uint64_t value)
{
	size_t length = type == BYTE || type == ASCII ? 1 : type == SHORT ? 2 : type == LONG ? 4 : 8;

	put_number(tag, 2);
	put_number(type, 2);
	put_number(count, word);
	set_number(bytes.size, value, count * length > word || length > word ? word : length,
	           big_endian);
	bytes.size += word;
}

/* Counts the fields, and points to the next directory. */
static inline void
finish_directory(uint64_t next)
{
	size_t head = big ? 8 : 2;

	set_number(fields_at, (bytes.size - fields_at - head) / (4 + 2 * word), head, big_endian);
	put_number(next, word);
}

/* Where the bytes after a directory of so many fields, started now, will lie. */
static inline uint64_t
after_directory(size_t fields)
{
	return bytes.size + (big ? 8 : 2) + fields * (4 + 2 * word) + word;
}

static inline void
put_sides(uint64_t width, uint64_t height)
{
	put_field(256, LONG, 1, width);
	put_field(257, LONG, 1, height);
	put_field(258, SHORT, 1, 8);
	put_field(259, SHORT, 1, 1);
	put_field(277, SHORT, 1, 1);
}

#define SIDES 5

/* A whole picture whose only strip has the given place. */
static inline void
make_tiff(uint64_t width, uint64_t height, uint64_t offset, uint64_t count)
{
	start_tiff(false, false);
	start_directory();
	put_sides(width, height);
	put_field(273, LONG, 1, offset);
	put_field(279, LONG, 1, count);
	finish_directory(0);
	put_zeros(12);
}

#define STRIP_OFFSET      (8 + 2 + 7 * 12 + 4)
#define COMPRESSION_VALUE (10 + 3 * 12 + 8)

/* A page whose next directory, and perhaps a field of directories, are given. */
static inline void
make_page(uint64_t next, unsigned int tag, uint64_t count, uint64_t value)
{
	start_tiff(false, false);
	start_directory();
	put_sides(4, 3);
	put_field(273, LONG, 1, 8);
	put_field(279, LONG, 1, 12);
	put_field(tag, LONG, count, value);
	finish_directory(next);
}

/* Where such a page ends. */
#define PAGE_END (8 + 2 + 8 * 12 + 4)

#endif
