#ifndef NACHET_PICTURE_TIFF_H
#define NACHET_PICTURE_TIFF_H

#include "picture_reader.h"

/* A field as its directory gives it; value_offset is where the first value lies, inline or not. */
typedef struct NachetTiffField
{
	uint16_t tag;
	uint16_t type;
	uint64_t count; /* 0 if the directory has no such field */
	uint64_t value_offset;
	bool inlined;
	bool cut_off; /* its values lie beyond the source's end, or reach there */
} NachetTiffField;

/* The fields that matter; the numbers have the defaults of TIFF 6.0, section 8. */
typedef struct NachetTiffDirectory
{
	uint64_t subfile;     /* bit 0: a reduced image, bit 2: a mask */
	uint64_t old_subfile; /* 2: a reduced image */
	uint64_t width;
	uint64_t height;
	uint64_t bits;
	uint64_t compression;
	uint64_t photometric;
	uint64_t samples;
	uint64_t rows_per_strip;
	uint64_t planar;
	uint64_t tile_width;
	uint64_t tile_length;
	uint64_t jpeg_offset;
	uint64_t jpeg_length;
	NachetTiffField offsets; /* strips or tiles: libtiff takes either for both */
	NachetTiffField counts;
	NachetTiffField sub_ifds;
	NachetTiffField palette;
	NachetTiffField description;
	NachetTiffField make;
	NachetTiffField dng_version;
	NachetTiffField stack; /* MetaMorph's UIC2Tag: as many values as there are planes */
	bool values_cut_off;   /* any field's, needed or not */
	uint64_t next;
} NachetTiffDirectory;

/* Whose size is the picture's. */
typedef enum NachetTiffMain
{
	NACHET_TIFF_MAIN_FIRST,  /* the first page's */
	NACHET_TIFF_MAIN_WANTED, /* that is a reduced image: the first that is none, if there is one */
	NACHET_TIFF_MAIN_FOUND   /* there was one */
} NachetTiffMain;

typedef struct NachetTiff
{
	NachetReader *reader;
	/* Strip offsets and byte counts are two tables, read side by side. */
	NachetWindow counts_window;
	bool big_endian;
	bool big; /* BigTIFF */
	uint64_t budget;
	uint64_t extent;   /* up to here, bytes belong to what has been read */
	uint64_t cut_from; /* where the first value begins that the source's end cuts off; 0 for none */
	uint32_t directories;
	NachetTiffMain main;
	const char *raw; /* the reason to refuse a camera's raw file by this one's maker */
} NachetTiff;

/* Takes bytes from the budget that bounds the walk. */
extern NachetPictureStatus nachet_picture_tiff_spend(NachetTiff *tiff, uint64_t bytes);

/* Notes that these bytes, which lie within the source, belong to something. */
extern void nachet_picture_tiff_claim(NachetTiff *tiff, uint64_t offset, uint64_t length);

/* The bytes that a value of this type takes; 0 for a type unknown. */
extern size_t nachet_picture_tiff_type_bytes(uint16_t type);

/* The numbered value of a field, through the given window. */
extern bool nachet_picture_tiff_value(NachetTiff *tiff, NachetWindow *window,
                                      const NachetTiffField *field, uint64_t number,
                                      uint64_t *value);

/*
 * The first values of a field of characters: at most length of them, as many as there are in
 * *length.
 */
extern const unsigned char *nachet_picture_tiff_text(NachetTiff *tiff, const NachetTiffField *field,
                                                     size_t *length);

/* Refuses pixels that are not all there; says in *drawn if there are any. */
extern NachetPictureStatus nachet_picture_tiff_check_pixels(NachetTiff *tiff,
                                                            const NachetTiffDirectory *directory,
                                                            bool *drawn);

/*
 * For a file of one directory: refuses a stack whose further planes, which lie behind the first,
 * are cut off.
 */
extern NachetPictureStatus nachet_picture_tiff_check_stack(NachetTiff *tiff,
                                                           const NachetTiffDirectory *directory);

#endif
