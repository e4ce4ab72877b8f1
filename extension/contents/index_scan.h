#ifndef NACHET_CONTENTS_INDEX_SCAN_H
#define NACHET_CONTENTS_INDEX_SCAN_H

#include "access/genam.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* An open scan. */
typedef struct NachetIndexScan
{
	Relation heap;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context; /* that it was opened in: a scan allocates more on its way */
} NachetIndexScan;

/*
 * Opens a table of schema nachet and one of its indexes for a scan by that many keys. Pins go with
 * close, or with the transaction's or subtransaction's abort; locks stay until the transaction
 * ends, or abort. Privileges are not looked at: who may run the function that calls this may read
 * what it reads.
 */
extern void nachet_index_scan_open(NachetIndexScan *scan, const char *table, const char *index,
                                   int keys, Snapshot snapshot);
extern void nachet_index_scan_close(NachetIndexScan *scan);

/* Has the scan begin anew, by so many keys. */
extern void nachet_index_scan_seek(NachetIndexScan *scan, ScanKey keys, int count);

/*
 * Brings the first row whose index key equals the one given into the slot; false if there is
 * none.
 */
extern bool nachet_index_scan_find(NachetIndexScan *scan, Datum key, RegProcedure equals);

/*
 * Brings the scan's next row into the slot; false after the last. Raises XX001 for a row whose
 * layout is damaged: read on, it would take the server down.
 */
extern bool nachet_index_scan_next(NachetIndexScan *scan);

/* A column of the row in the slot, which stays the slot's. */
extern Datum nachet_index_scan_column(NachetIndexScan *scan, int column, bool *isnull);

#endif
