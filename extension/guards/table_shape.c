/*
 * extension/guards/table_shape.c
 *		Whether tables and indexes are still those that the install script made, as far as C code
 *		relies on it.
 *
 * C code reads columns by their numbers and takes their types for granted. An administrator's ALTER
 * TABLE, or a session that has loaded another version of the library, must end in an error and
 * never in bytes of another type. Reading them costs more than checking them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "guards/table_shape.h"
#include "schema.h"

static const struct
{
	const char *table;
	int number;
	const char *name;
	Oid type;
} columns[] = {
    {"content", NACHET_CONTENT_ID, "id", INT8OID},
    {"content", NACHET_CONTENT_SHA256, "sha256", BYTEAOID},
    {"content", NACHET_CONTENT_BYTE_SIZE, "byte_size", INT8OID},
    {"content", NACHET_CONTENT_CHUNK_SIZE, "chunk_size", INT4OID},
    {"content", NACHET_CONTENT_FORMAT, "format", TEXTOID},
    {"content", NACHET_CONTENT_WIDTH, "width", INT4OID},
    {"content", NACHET_CONTENT_HEIGHT, "height", INT4OID},
    {"content", NACHET_CONTENT_OBJECT_URL, "object_url", TEXTOID},
    {"content", NACHET_CONTENT_OBJECT_ID, "object_id", INT8OID},
    {"content", NACHET_CONTENT_OBJECT_ETAG, "object_etag", TEXTOID},
    {"content_chunk", NACHET_CHUNK_CONTENT_ID, "content_id", INT8OID},
    {"content_chunk", NACHET_CHUNK_NO, "chunk_no", INT4OID},
    {"content_chunk", NACHET_CHUNK_DATA, "data", BYTEAOID},
    {"picture", NACHET_PICTURE_ID, "id", UUIDOID},
    {"picture", NACHET_PICTURE_CONTENT_ID, "content_id", INT8OID},
};

/* Indexes by their names, and the columns that they begin with (0: none). */
static const struct
{
	const char *index;
	int columns[2];
} indexes[] = {
    {"content_pkey", {NACHET_CONTENT_ID}},
    {"content_sha256_key", {NACHET_CONTENT_SHA256}},
    {"content_chunk_pkey", {NACHET_CHUNK_CONTENT_ID, NACHET_CHUNK_NO}},
    {"picture_pkey", {NACHET_PICTURE_ID}},
    {"picture_content_id_idx", {NACHET_PICTURE_CONTENT_ID}},
};

void
nachet_table_shape_check(Relation table)
{
	TupleDesc shape = RelationGetDescr(table);

	for (int i = 0; i < lengthof(columns); i++)
	{
		Form_pg_attribute column;

		if (strcmp(columns[i].table, RelationGetRelationName(table)) != 0 ||
		    columns[i].number > shape->natts)
			continue;
		column = TupleDescAttr(shape, columns[i].number - 1);
		if (column->attisdropped || strcmp(NameStr(column->attname), columns[i].name) != 0 ||
		    column->atttypid != columns[i].type)
			ereport(ERROR,
			        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			         errmsg("column %d of table \"nachet.%s\" is not \"%s\" of type %s",
			                columns[i].number, columns[i].table, columns[i].name,
			                format_type_be(columns[i].type)),
			         errhint("Columns may be added to this table, but the extension's own must "
			                 "keep their order, names and types.")));
	}
}

void
nachet_table_shape_check_chunks(Relation table)
{
	nachet_table_shape_check(table);
	if (TupleDescAttr(RelationGetDescr(table), NACHET_CHUNK_DATA - 1)->attstorage !=
	    TYPSTORAGE_PLAIN)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		     errmsg(
		         "column \"data\" of table \"nachet.content_chunk\" does not have storage PLAIN"),
		     errhint("Run ALTER TABLE nachet.content_chunk ALTER COLUMN data SET STORAGE PLAIN.")));
}

/* Whether an index has a column at a place among its keys, ascending. */
static bool
leads_by(Relation index, int place, int column)
{
	return place < index->rd_index->indnkeyatts &&
	       index->rd_index->indkey.values[place] == column &&
	       (index->rd_indoption[place] & INDOPTION_DESC) == 0;
}

void
nachet_table_shape_check_index(Relation index, Relation table)
{
	Form_pg_index entry = index->rd_index;
	bool sound = entry->indrelid == RelationGetRelid(table) && entry->indisvalid &&
	             index->rd_rel->relam == BTREE_AM_OID && RelationGetIndexPredicate(index) == NIL;

	for (int i = 0; i < lengthof(indexes); i++)
		if (strcmp(indexes[i].index, RelationGetRelationName(index)) == 0)
			for (int place = 0; place < 2 && indexes[i].columns[place] != 0; place++)
				sound = sound && leads_by(index, place, indexes[i].columns[place]);
	if (!sound)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("index \"nachet.%s\" is not the one that the extension created",
		                       RelationGetRelationName(index)),
		                errhint("Indexes may be added, but the extension's own must be kept.")));
}
