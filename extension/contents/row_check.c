/*
 * extension/contents/row_check.c
 *		Whether a stored row can be read without reading beyond it.
 *
 * PostgreSQL trusts the lengths within a row. In a row whose bits have flipped they may point a
 * gigabyte away, and reading it would take the whole server down. So each column is measured before
 * it is read.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"

#include "contents/row_check.h"

/*
 * The bytes that a column's variable-length value at p takes of the left ones; -1 if it is none.
 */
static int64
varlena_extent(Form_pg_attribute column, const char *p, int64 left)
{
	int64 extent;

	if (left < 1)
		return -1;
	if (VARATT_IS_1B_E(p))
		return column->attstorage != TYPSTORAGE_PLAIN && left >= (int64) TOAST_POINTER_SIZE &&
		               VARTAG_EXTERNAL(p) == VARTAG_ONDISK
		           ? (int64) TOAST_POINTER_SIZE
		           : -1;
	if (VARATT_IS_1B(p))
		extent = VARSIZE_1B(p);
	else if (left < VARHDRSZ || VARSIZE_4B(p) < VARHDRSZ)
		return -1;
	else
		extent = VARSIZE_4B(p);
	return extent <= left ? extent : -1;
}

/*
 * The end of a column that begins at or after offset; -1 if it does not lie within the row's
 * data.
 */
static int64
column_end(Form_pg_attribute column, const char *data, int64 offset, int64 length)
{
	int64 extent;

	if (column->attlen > 0)
	{
		offset = att_align_nominal(offset, column->attalign);
		extent = column->attlen;
	}
	else
	{
		if (offset >= length)
			return -1;
		offset = att_align_pointer(offset, column->attalign, -1, data + offset);
		extent = varlena_extent(column, data + offset, length - offset);
	}
	return extent < 0 || offset + extent > length ? -1 : offset + extent;
}

/* Of the row's header: where its data begin follows from the number of its columns. */
static bool
header_is_sound(HeapTupleHeader header, int64 length, int columns, TupleDesc shape)
{
	int64 bitmap = (header->t_infomask & HEAP_HASNULL) != 0 ? BITMAPLEN(columns) : 0;

	return columns >= 1 && columns <= shape->natts &&
	       header->t_hoff == MAXALIGN(SizeofHeapTupleHeader + bitmap) && header->t_hoff <= length;
}

static bool
lies_in_page(HeapTuple row, Buffer buffer)
{
	const char *page = BufferGetPage(buffer);
	const char *begin = (const char *) row->t_data;

	return begin >= page + SizeOfPageHeaderData && row->t_len >= SizeofHeapTupleHeader &&
	       begin + row->t_len <= page + BLCKSZ;
}

static const char *
check_layout(TupleDesc shape, HeapTuple row, Buffer buffer)
{
	HeapTupleHeader header = row->t_data;
	int64 offset = 0;
	int columns;

	if (!lies_in_page(row, buffer))
		return "it extends beyond the page";
	if ((const char *) MAXALIGN(header) != (const char *) header)
		return "it is not aligned";
	columns = HeapTupleHeaderGetNatts(header);
	if (!header_is_sound(header, row->t_len, columns, shape))
		return "its header is damaged";
	for (int i = 0; i < shape->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(shape, i);
		bool isnull =
		    i < columns ? (header->t_infomask & HEAP_HASNULL) != 0 && att_isnull(i, header->t_bits)
		                : !column->atthasmissing;

		if (isnull && column->attnotnull)
			return "it has a null in a column that is not null";
		if (isnull || i >= columns)
			continue;
		offset = column_end(column, (const char *) header + header->t_hoff, offset,
		                    (int64) row->t_len - header->t_hoff);
		if (offset < 0)
			return "a column extends beyond the row";
	}
	return NULL;
}

/* Another table access method than heap answers for its rows itself. */
const char *
nachet_row_check(TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *heap = (BufferHeapTupleTableSlot *) slot;

	return TTS_IS_BUFFERTUPLE(slot)
	           ? check_layout(slot->tts_tupleDescriptor, heap->base.tuple, heap->buffer)
	           : NULL;
}
