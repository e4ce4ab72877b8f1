#ifndef NACHET_LOADER_SERVICE_ANSWER_H
#define NACHET_LOADER_SERVICE_ANSWER_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "loader/client/error.h"
#include "loader/options.h"
#include "loader/service/client.h"
#include "loader/send/reader.h"
#include "loader/send/sink.h"

/* How much the service takes at a time; UINT64_MAX if it does not tell. */
typedef struct NachetServiceLimits
{
	uint64_t picture_bytes;
	uint64_t request_bytes;
	uint64_t request_pictures;
	uint64_t manifest_bytes;
	uint64_t manifest_pictures;
} NachetServiceLimits;

/*
 * The object that a 200 or a 201 holds, which the caller releases. NULL, and *error filled, if the
 * answer is a refusal, in the words of its problem document, or none of nachet-http's.
 */
extern json_t *nachet_service_answer_read(const NachetServiceAnswer *answer,
                                          const NachetOptions *options, NachetError *error);

/* The three below read such objects. False, and *error filled, if they are invalid. */
extern bool nachet_service_answer_limits(const json_t *object, NachetServiceLimits *limits,
                                         NachetError *error) __attribute__((warn_unused_result));
extern bool nachet_service_answer_set_id(const json_t *object, char set_id[NACHET_UUID_TEXT],
                                         NachetError *error) __attribute__((warn_unused_result));

/* Which of count contents of the batch, from first on, are missing; in the batch's order. */
extern bool nachet_service_answer_missing(const json_t *object, NachetBatch *batch, size_t first,
                                          size_t count, NachetError *error)
    __attribute__((warn_unused_result));

/* Whether what was staged is what was sent: count files of the reader's list, in this order. */
extern bool nachet_service_answer_staged(const json_t *object, NachetReader *reader,
                                         const size_t *index, size_t count, NachetError *error)
    __attribute__((warn_unused_result));

#endif
