#ifndef NACHET_JSON_SIZE_H
#define NACHET_JSON_SIZE_H

#include "utils/jsonb.h"

/* The maximum size of an import's data, and of a request beside its pictures, as JSON text. */
#define NACHET_DATA_MAX_BYTES (64 * 1024)

/*
 * The length of an object as JSON text, without the value of its member "skip" (NULL: all of it).
 * Raises 54000 above NACHET_DATA_MAX_BYTES, and NC005 for a number of more than 1,000 characters.
 * Call it before anything prints the object or a part of it: a number of a few bytes can have
 * 131,072 digits.
 */
extern int nachet_json_size(Jsonb *object, const char *skip);

#endif
