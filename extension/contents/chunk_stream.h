#ifndef NACHET_CONTENTS_CHUNK_STREAM_H
#define NACHET_CONTENTS_CHUNK_STREAM_H

#include "contents/content.h"

typedef struct NachetChunkStream NachetChunkStream;

/*
 * A stream that lives in its own child of a context. Its hash belongs to the current resource
 * owner: free the stream before that owner ends well; after an error the owner has freed the hash
 * itself.
 */
extern NachetChunkStream *nachet_chunk_stream_create(MemoryContext context);
extern void nachet_chunk_stream_free(NachetChunkStream *stream);

/*
 * Takes the next chunk and returns the id of the content it belongs to: chunk 0 begins a content
 * and takes the next id. Raises NC006 if the chunk is out of order, empty, too large, or follows
 * one that was not full.
 */
extern int64 nachet_chunk_stream_add(NachetChunkStream *stream, int32 chunk_no, const void *data,
                                     int32 length);

/*
 * Writes the content rows of all chunks taken, which must be in the table by now. If the same
 * bytes were stored before, the new chunks are deleted and the old content serves, which is held
 * then: no sweep takes anything of the stream before the transaction ends.
 */
extern void nachet_chunk_stream_seal(NachetChunkStream *stream);

#endif
