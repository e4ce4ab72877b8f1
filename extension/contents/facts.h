#ifndef NACHET_CONTENTS_FACTS_H
#define NACHET_CONTENTS_FACTS_H

#include "contents/chunk_reader.h"

/*
 * Judges the bytes of a stored content again: why it is no acceptable picture, as words that may
 * follow its name, or NULL if it is one. For contents without a format only, which an earlier
 * version's rules may have refused.
 */
extern const char *nachet_facts_judge(NachetChunkReader *reader, const NachetContent *content,
                                      NachetPicture *picture);

#endif
