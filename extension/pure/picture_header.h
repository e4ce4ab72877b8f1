/*
 * extension/pure/picture_header.h
 *		What a picture's bytes say of themselves: format, size in pixels, and whether they are
 *		all there.
 *
 * Pixels are never decoded. The bytes are read through a callback, so that the same rules hold for
 * a file, for a buffer and for chunks in a table. Nothing is allocated and nothing is kept: a
 * callback may leave by longjmp.
 */
#ifndef NACHET_PICTURE_HEADER_H
#define NACHET_PICTURE_HEADER_H

#include "picture.h"

/* The status as a token that stays as it is, for programs: "truncated", ...; NULL if it is OK. */
extern const char *nachet_picture_code(NachetPictureStatus status);

/*
 * Reads the structure of one picture. Always fills *picture as far as it got. The time is bounded
 * by the source's size, whatever the bytes say; every loop advances.
 */
extern NachetPictureStatus nachet_picture_header_read(const NachetSource *source,
                                                      NachetPicture *picture);

/* The same for bytes in memory. */
extern NachetPictureStatus nachet_picture_header_read_buffer(const void *bytes, size_t size,
                                                             NachetPicture *picture);

#endif
