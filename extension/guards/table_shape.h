#ifndef NACHET_GUARDS_TABLE_SHAPE_H
#define NACHET_GUARDS_TABLE_SHAPE_H

#include "utils/relcache.h"

/*
 * Raises 55000 unless the columns of a table of ours that C code reads have their numbers, names
 * and types. Further columns may follow. One that the extension's version does not have yet may be
 * missing.
 */
extern void nachet_table_shape_check(Relation table);

/* The same, and that chunks are stored whole in their pages. */
extern void nachet_table_shape_check_chunks(Relation table);

/*
 * Raises 55000 unless an index of a table leads to every row by the columns that it was made with,
 * ascending.
 */
extern void nachet_table_shape_check_index(Relation index, Relation table);

#endif
