/*
 * extension/verify/walk.c
 *		The entries of an index in their order, and the rows that they lead to.
 *
 * The keys are read from the index and the rows apart from them, so that one knows whose row it is
 * that cannot be read, and can go on behind it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "contents/row_check.h"
#include "verify/walk.h"

void
nachet_walk_open(NachetWalk *walk, const char *table, const char *index, int columns,
                 Snapshot snapshot)
{
	nachet_index_scan_open(&walk->scan, table, index, 1, snapshot);
	walk->scan.scan->xs_want_itup = true;
	walk->columns = columns;
	walk->ended = true;
}

void
nachet_walk_close(NachetWalk *walk)
{
	nachet_index_scan_close(&walk->scan);
}

/* Goes to the next entry, or to the first one of a key, if that is given. */
static void
step(NachetWalk *walk, ScanKey key)
{
	IndexScanDesc scan = walk->scan.scan;
	MemoryContext caller;
	bool isnull;

	if (key != NULL)
		nachet_index_scan_seek(&walk->scan, key, 1);
	caller = MemoryContextSwitchTo(walk->scan.context);
	walk->ended = index_getnext_tid(scan, ForwardScanDirection) == NULL;
	MemoryContextSwitchTo(caller);
	if (walk->ended)
		return;
	walk->id = DatumGetInt64(index_getattr(scan->xs_itup, 1, scan->xs_itupdesc, &isnull));
	if (walk->columns > 1)
		walk->number = DatumGetInt32(index_getattr(scan->xs_itup, 2, scan->xs_itupdesc, &isnull));
}

void
nachet_walk_to(NachetWalk *walk, int64 id)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(id));
	step(walk, &key);
}

void
nachet_walk_step(NachetWalk *walk)
{
	step(walk, NULL);
}

bool
nachet_walk_row(NachetWalk *walk, int id_column, int number_column)
{
	TupleTableSlot *slot = walk->scan.slot;
	const char *flaw;
	bool isnull;

	if (!index_fetch_heap(walk->scan.scan, slot))
		return false;
	flaw = nachet_row_check(slot);
	if (flaw == NULL && (DatumGetInt64(slot_getattr(slot, id_column, &isnull)) != walk->id ||
	                     (walk->columns > 1 && DatumGetInt32(slot_getattr(
	                                               slot, number_column, &isnull)) != walk->number)))
		flaw = "its keys differ from those in the index";
	if (flaw != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_DATA_CORRUPTED),
		         walk->columns > 1
		             ? errmsg("row %d of \"%s\" for content " INT64_FORMAT ": %s", walk->number,
		                      RelationGetRelationName(walk->scan.heap), walk->id, flaw)
		             : errmsg("row of \"%s\" for content " INT64_FORMAT ": %s",
		                      RelationGetRelationName(walk->scan.heap), walk->id, flaw)));
	return true;
}
