/*
 * extension/content_facts.h
 *		What stored bytes are as a picture, and why they are none.
 */
#ifndef NACHET_CONTENT_FACTS_H
#define NACHET_CONTENT_FACTS_H

#include "chunk_reader.h"

/*
 * Why a stored content is no acceptable picture, as words that may follow its name. Reads its bytes: for contents
 * without a format only.
 */
extern const char *nachet_content_flaw(NachetChunkReader *reader, int64 content_id, int64 byte_size,
                                       int32 chunk_size);

#endif
