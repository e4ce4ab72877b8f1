#ifndef NACHET_CONTENTS_CHUNK_WRITER_H
#define NACHET_CONTENTS_CHUNK_WRITER_H

typedef struct NachetChunkWriter NachetChunkWriter;

/*
 * A writer in the current memory context. Needs an SPI connection, as each of these functions does.
 */
extern NachetChunkWriter *nachet_chunk_writer_open(void);

/* Takes a copy of one chunk, which is in the table after the next flush at the latest. */
extern void nachet_chunk_writer_add(NachetChunkWriter *writer, int64 content_id, int32 chunk_no,
                                    const void *data, int32 length);

/* Writes what has been taken. */
extern void nachet_chunk_writer_flush(NachetChunkWriter *writer);

/* Flushes, and frees the writer; after an error it goes with its context and the SPI connection. */
extern void nachet_chunk_writer_close(NachetChunkWriter *writer);

#endif
