#ifndef NACHET_VERIFY_WALK_H
#define NACHET_VERIFY_WALK_H

#include "contents/index_scan.h"

/* A place in an index whose first column is a content's id. */
typedef struct NachetWalk
{
	NachetIndexScan scan;
	int columns;
	bool blind; /* the caller's note: the index could not be read at the place it wanted */
	bool ended;
	int64 id;     /* of the entry that the walk stands at, unless it has ended */
	int32 number; /* that entry's second column, if there is one */
} NachetWalk;

/*
 * Opens a walk over an index of that many columns. All that it holds goes with the subtransaction's
 * abort.
 */
extern void nachet_walk_open(NachetWalk *walk, const char *table, const char *index, int columns,
                             Snapshot snapshot);
extern void nachet_walk_close(NachetWalk *walk);

/* Goes to the first entry of a content, or of the next one that has any. */
extern void nachet_walk_to(NachetWalk *walk, int64 id);

/* Goes to the next entry. */
extern void nachet_walk_step(NachetWalk *walk);

/*
 * Whether the entry leads to a row that the snapshot sees; it is then in the walk's slot. Raises
 * ERRCODE_DATA_CORRUPTED if that row cannot be taken apart or says other keys than the index.
 */
extern bool nachet_walk_row(NachetWalk *walk, int id_column, int number_column);

#endif
