/*
 * extension/contents/index_scan.c
 *		Rows of the extension's own tables by one of their indexes, without a plan and whatever the
 *		tables' sizes.
 *
 * A look-up by a key costs a few microseconds this way; a statement costs its parsing and
 * planning.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "utils/rel.h"

#include "compat.h"
#include "contents/index_scan.h"
#include "contents/row_check.h"
#include "guards/table_shape.h"
#include "schema.h"

void
nachet_index_scan_open(NachetIndexScan *scan, const char *table, const char *index, int keys,
                       Snapshot snapshot)
{
	scan->heap = table_open(nachet_schema_relation(table), AccessShareLock);
	scan->index = index_open(nachet_schema_relation(index), AccessShareLock);
	nachet_table_shape_check(scan->heap);
	nachet_table_shape_check_index(scan->index, scan->heap);
	scan->scan = nachet_index_beginscan(scan->heap, scan->index, snapshot, keys);
	scan->slot = table_slot_create(scan->heap, NULL);
	scan->context = CurrentMemoryContext;
}

void
nachet_index_scan_close(NachetIndexScan *scan)
{
	ExecDropSingleTupleTableSlot(scan->slot);
	index_endscan(scan->scan);
	/*
	 * The locks stay, as a statement's do: what one call has found is not dropped before the next.
	 */
	index_close(scan->index, NoLock);
	table_close(scan->heap, NoLock);
}

void
nachet_index_scan_seek(NachetIndexScan *scan, ScanKey keys, int count)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);

	index_rescan(scan->scan, keys, count, NULL, 0);
	MemoryContextSwitchTo(caller);
}

bool
nachet_index_scan_find(NachetIndexScan *scan, Datum key, RegProcedure equals)
{
	ScanKeyData entry;

	ScanKeyInit(&entry, 1, BTEqualStrategyNumber, equals, key);
	nachet_index_scan_seek(scan, &entry, 1);
	return nachet_index_scan_next(scan);
}

bool
nachet_index_scan_next(NachetIndexScan *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	bool found = index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot);
	const char *flaw;

	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	flaw = nachet_row_check(scan->slot);
	if (flaw != NULL)
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("row in page %u of \"%s\": %s",
		                       ItemPointerGetBlockNumber(&scan->slot->tts_tid),
		                       RelationGetRelationName(scan->heap), flaw)));
	return true;
}

Datum
nachet_index_scan_column(NachetIndexScan *scan, int column, bool *isnull)
{
	return slot_getattr(scan->slot, column, isnull);
}
