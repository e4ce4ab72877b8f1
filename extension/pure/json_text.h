#ifndef NACHET_JSON_TEXT_H
#define NACHET_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Of a valid text, at all depths together. Of any other text the numbers mean nothing. */
typedef struct NachetJsonCounts
{
	uint64_t members;    /* of objects, equal names counted each time */
	uint64_t containers; /* arrays and objects */
	uint64_t commas;     /* between elements and members */
} NachetJsonCounts;

extern NachetJsonCounts nachet_json_text_count(const char *text, size_t length);

#endif
