#ifndef NACHET_SETS_SET_DATA_H
#define NACHET_SETS_SET_DATA_H

#include "utils/jsonb.h"

typedef struct NachetSetData
{
	Datum seed_id; /* uuid */
	int32 nb_seeds;
	text *name;      /* of the set; NULL if none was given */
	Datum canonical; /* jsonb: the same for every way of saying the same */
	int json_bytes;  /* of the data, as JSON text */
} NachetSetData;

/*
 * Checks the data of an import. Raises NC005 naming the key and its value, NC002 for a seed that is
 * not registered, or 54000 for too much data. Needs an SPI connection; results live in SPI's
 * memory.
 */
extern void nachet_set_data_check(Jsonb *data, NachetSetData *checked);

/* The size of data as JSON text. Raises NC005 for no object, and what nachet_json_size raises. */
extern int nachet_set_data_size(Jsonb *data);

/*
 * A key's value if it is a string; NULL if the key is absent or null. Raises NC005 for
 * another type.
 */
extern text *nachet_set_data_string(Jsonb *data, const char *key);

#endif
