#ifndef NACHET_CONTENTS_CHUNK_READER_H
#define NACHET_CONTENTS_CHUNK_READER_H

#include "utils/snapshot.h"

#include "contents/content.h"
#include "pure/picture_header.h"

typedef struct NachetChunkReader NachetChunkReader;

/*
 * The reader's locks and pins go with close, or with the transaction's or subtransaction's abort.
 */
extern NachetChunkReader *nachet_chunk_reader_open(Snapshot snapshot);
extern void nachet_chunk_reader_close(NachetChunkReader *reader);

/* The content that the following reads are about. */
extern void nachet_chunk_reader_select(NachetChunkReader *reader, const NachetContent *content);

/*
 * Copies length bytes from offset, which must lie within the content. Raises ERRCODE_DATA_CORRUPTED
 * if a chunk is missing or has not the length it should have. Cheapest when offsets ascend.
 */
extern void nachet_chunk_reader_read(NachetChunkReader *reader, int64 offset, void *buffer,
                                     size_t length);

/*
 * What the selected content is as a picture. png_crcs_right spares reading a PNG whole whose bytes
 * nachet_png_crcs_add has seen, and found right.
 */
extern NachetPictureStatus nachet_chunk_reader_picture(NachetChunkReader *reader,
                                                       bool png_crcs_right, NachetPicture *picture);

#endif
