/*
 * extension/import_data.h
 *		What an import says of its pictures: seed, zoom level, number of seeds, and more.
 */
#ifndef NACHET_IMPORT_DATA_H
#define NACHET_IMPORT_DATA_H

#include "utils/jsonb.h"

typedef struct NachetImportData
{
	Datum seed_id; /* uuid */
	int32 nb_seeds;
	text *name;      /* of the set; NULL where none was given */
	Datum canonical; /* jsonb: the same for every way of saying the same */
} NachetImportData;

/*
 * Checks the data of an import. Raises NC005 naming the key and its value, NC002 for a seed that is
 * not registered, or 54000 for too much data. Needs an SPI connection; results live in SPI's memory.
 */
extern void nachet_import_data_check(Jsonb *data, NachetImportData *checked);

/* A key's value where it is a string; NULL where the key is absent or null. Raises NC005 for another type. */
extern text *nachet_data_string(Jsonb *data, const char *key);

#endif
