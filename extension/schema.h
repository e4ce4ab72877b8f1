#ifndef NACHET_SCHEMA_H
#define NACHET_SCHEMA_H

#include "commands/trigger.h"

/* The numbers of columns that are read from C, as the install script has them. */
#define NACHET_CHUNK_CONTENT_ID 1
#define NACHET_CHUNK_NO         2
#define NACHET_CHUNK_DATA       3

#define NACHET_CONTENT_ID          1
#define NACHET_CONTENT_SHA256      2
#define NACHET_CONTENT_BYTE_SIZE   3
#define NACHET_CONTENT_CHUNK_SIZE  4
#define NACHET_CONTENT_FORMAT      5
#define NACHET_CONTENT_WIDTH       6
#define NACHET_CONTENT_HEIGHT      7
#define NACHET_CONTENT_OBJECT_URL  9
#define NACHET_CONTENT_OBJECT_ID   10
#define NACHET_CONTENT_OBJECT_ETAG 11
#define NACHET_CONTENT_COLUMNS     11
#define NACHET_PICTURE_ID          1
#define NACHET_PICTURE_CONTENT_ID  8

/* The extension's row in pg_extension. */
typedef struct NachetExtension
{
	Oid oid;
	Oid owner;
	Oid schema;
	Oid schema_owner; /* which may be another role */
	char version[NAMEDATALEN];
} NachetExtension;

/* Reads the row; false if the extension is not installed in this database. */
extern bool nachet_schema_find_extension(NachetExtension *extension);

/* Whether the current user has the rights of the owner of the extension or of its schema. */
extern bool nachet_schema_is_owner(const NachetExtension *extension);

/*
 * The OID of the schema "nachet", which is the extension's. Raises 3F000 if it is not: after a
 * rename, any role that may create schemas could put its own tables in the place of ours.
 */
extern Oid nachet_schema_oid(void);

/* The OID of a table, index or sequence of the extension. Raises 42P01 if it is not there. */
extern Oid nachet_schema_relation(const char *name);

/*
 * The call of a trigger function, which acts with the owner's rights: no table but ours may have it
 * do so. Raises 39P01 unless a trigger fired it at that time, TRIGGER_EVENT_BEFORE or _AFTER, for a
 * row if TRIGGER_EVENT_ROW is added; and, if insert_only is true, for an INSERT.
 */
extern TriggerData *nachet_schema_trigger(FunctionCallInfo fcinfo, TriggerEvent time,
                                          bool insert_only);

/*
 * Raises 39P01 unless it is a trigger of that table of the extension, or of the other if one is
 * given.
 */
extern void nachet_schema_require_trigger(const TriggerData *trigger, const char *table,
                                          const char *other);

/* The row that a trigger fired for, as it becomes; of a DELETE, as it was. */
extern HeapTuple nachet_schema_trigger_row(const TriggerData *trigger);

/*
 * A column, by its name, of a row of the trigger's table. Raises 55000 if there is none of that
 * name and type.
 */
extern Datum nachet_schema_trigger_column(const TriggerData *trigger, HeapTuple row,
                                          const char *name, Oid type, bool *isnull);

/*
 * An error context callback: adds to an error about a missing column, table or function that the
 * extension has not been updated, if that is so. It reads nothing but what nachet_schema_oid has
 * found.
 */
extern void nachet_schema_hint(void *unused);

#endif
