/*
 * extension/sql.c
 *		SQL statements from C: parameters as values, results checked.
 *
 * Every statement names its tables with their schema and is run by a function whose search_path is
 * fixed, so that no caller's schema gets a word in. A function that acts with the owner's rights
 * sees all rows of the owner's tables, also if row-level security is forced on them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "schema.h"
#include "sql.h"

#define MAX_ARGS 16

/* What holds while a statement is planned or run. */
typedef struct Scope
{
	ErrorContextCallback hint;
	Oid user;
	int context;
} Scope;

static void
enter(Scope *scope)
{
	(void) nachet_schema_oid();
	GetUserIdAndSecContext(&scope->user, &scope->context);
	scope->hint =
	    (ErrorContextCallback){.callback = nachet_schema_hint, .previous = error_context_stack};
	/* After an error, its handler restores the callbacks, and its rollback the context. */
	error_context_stack = &scope->hint;
	if ((scope->context & SECURITY_LOCAL_USERID_CHANGE) != 0)
		SetUserIdAndSecContext(scope->user, scope->context | SECURITY_NOFORCE_RLS);
}

static void
leave(const Scope *scope)
{
	SetUserIdAndSecContext(scope->user, scope->context);
	error_context_stack = scope->hint.previous;
}

/* Arguments as SPI takes them. */
typedef struct Arguments
{
	Oid types[MAX_ARGS];
	Datum values[MAX_ARGS];
	char nulls[MAX_ARGS + 1];
} Arguments;

static void
spread(Arguments *arguments, int nargs, const NachetArg *args)
{
	Assert(nargs <= MAX_ARGS);
	for (int i = 0; i < nargs; i++)
	{
		arguments->types[i] = args[i].type;
		arguments->values[i] = args[i].value;
		arguments->nulls[i] = args[i].isnull ? 'n' : ' ';
	}
	arguments->nulls[nargs] = '\0';
}

/* Runs a statement through SPI and returns its code; a snapshot may be given. */
static int
execute(bool read_only, Snapshot snapshot, const char *sql, int nargs, const NachetArg *args)
{
	Arguments arguments;
	SPIPlanPtr plan;
	int code;

	spread(&arguments, nargs, args);
	if (snapshot == InvalidSnapshot)
		return SPI_execute_with_args(sql, nargs, arguments.types, arguments.values, arguments.nulls,
		                             read_only, 0);
	plan = SPI_prepare(sql, nargs, arguments.types);
	if (plan == NULL)
		elog(ERROR, "statement could not be prepared: %s", sql);
	code = SPI_execute_snapshot(plan, arguments.values, arguments.nulls, snapshot, InvalidSnapshot,
	                            read_only, true, 0);
	SPI_freeplan(plan);
	return code;
}

static uint64
expect(int expected, int code, const char *sql)
{
	if (code != expected)
		elog(ERROR, "statement answered %s instead of %s: %s", SPI_result_code_string(code),
		     SPI_result_code_string(expected), sql);
	return SPI_processed;
}

static uint64
run(int expected, bool read_only, Snapshot snapshot, const char *sql, int nargs,
    const NachetArg *args)
{
	Scope scope;
	int code;

	enter(&scope);
	code = execute(read_only, snapshot, sql, nargs, args);
	leave(&scope);
	return expect(expected, code, sql);
}

uint64
nachet_sql_run(int expected, const char *sql, int nargs, const NachetArg *args)
{
	return run(expected, false, InvalidSnapshot, sql, nargs, args);
}

uint64
nachet_sql_run_latest(int expected, const char *sql, int nargs, const NachetArg *args)
{
	return run(expected, false, GetLatestSnapshot(), sql, nargs, args);
}

uint64
nachet_sql_read(const char *sql, int nargs, const NachetArg *args)
{
	return run(SPI_OK_SELECT, true, InvalidSnapshot, sql, nargs, args);
}

void
nachet_sql_check_written(const char *table, uint64 written, uint64 expected)
{
	if (written != expected)
		ereport(ERROR,
		        (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
		         errmsg("table \"nachet.%s\" stored " UINT64_FORMAT " of " UINT64_FORMAT " rows",
		                table, written, expected),
		         errhint("Drop the trigger or rule of the table that skips rows.")));
}

SPIPlanPtr
nachet_sql_prepare(const char *sql, int nargs, Oid *types)
{
	Scope scope;
	SPIPlanPtr plan;

	enter(&scope);
	/* A plan made for the values would hold copies of them. */
	plan = SPI_prepare_cursor(sql, nargs, types, CURSOR_OPT_GENERIC_PLAN);
	leave(&scope);
	if (plan == NULL)
		elog(ERROR, "statement could not be prepared: %s", sql);
	return plan;
}

uint64
nachet_sql_run_prepared(int expected, SPIPlanPtr plan, Datum *values)
{
	Scope scope;
	int code;

	enter(&scope);
	code = SPI_execute_plan(plan, values, NULL, false, 0);
	leave(&scope);
	return expect(expected, code, "prepared");
}

Portal
nachet_sql_open_cursor(const char *sql, int nargs, const NachetArg *args)
{
	Scope scope;
	Arguments arguments;
	Portal cursor;

	spread(&arguments, nargs, args);
	enter(&scope);
	cursor = SPI_cursor_open_with_args(NULL, sql, nargs, arguments.types, arguments.values,
	                                   arguments.nulls, false, 0);
	leave(&scope);
	return cursor;
}

/*
 * Raises 55000 unless a column of SPI's result is stored as the type that C code reads, as varchar
 * is as text: an administrator's ALTER TABLE may have given it another.
 */
static void
require_type(int column, Oid type)
{
	Oid given = SPI_gettypeid(SPI_tuptable->tupdesc, column + 1);

	if (!IsBinaryCoercible(given, type))
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("column \"%s\" is of type %s instead of %s",
		                NameStr(TupleDescAttr(SPI_tuptable->tupdesc, column)->attname),
		                format_type_be(given), format_type_be(type)),
		         errhint("Columns may be added to the extension's tables, but its own must keep "
		                 "their types.")));
}

Datum
nachet_sql_value(uint64 row, int column, Oid type)
{
	bool isnull;
	Datum value;

	require_type(column, type);
	value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1, &isnull);
	return isnull ? (Datum) 0 : value;
}

int64
nachet_sql_bigint(uint64 row, int column)
{
	return DatumGetInt64(nachet_sql_value(row, column, INT8OID));
}

Datum
nachet_sql_result(uint64 row, int column, Oid type)
{
	Datum value = nachet_sql_value(row, column, type);
	int16 length;
	bool by_value;

	get_typlenbyval(type, &length, &by_value);
	return value == (Datum) 0 ? value : SPI_datumTransfer(value, by_value, length);
}

NachetArg
nachet_sql_array(Oid element, Datum *values, bool *nulls, int count)
{
	int lower = 1;
	int16 length;
	bool by_value;
	char align;
	ArrayType *array;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	array = construct_md_array(values, nulls, count > 0 ? 1 : 0, &count, &lower, element, length,
	                           by_value, align);
	return NACHET_PARAM(get_array_type(element), PointerGetDatum(array));
}

NachetArg
nachet_sql_column(uint64 rows, Oid type)
{
	Datum *values = palloc(Max(rows, 1) * sizeof(Datum));
	NachetArg array;

	for (uint64 i = 0; i < rows; i++)
		values[i] = nachet_sql_value(i, 0, type);
	array = nachet_sql_array(type, values, NULL, (int) rows);
	pfree(values);
	SPI_freetuptable(SPI_tuptable);
	return array;
}

void
nachet_sql_elements(ArrayType *array, const char *what, Datum **elements, int *count)
{
	Oid type = ARR_ELEMTYPE(array);
	int16 length;
	bool by_value;
	char align;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
		                errmsg("%s must have one dimension, not %d", what, ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
		                errmsg("%s must not contain nulls", what)));
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, elements, NULL, count);
}

void
nachet_sql_require_nonatomic(FunctionCallInfo fcinfo, const char *procedure, const char *hint)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
	    castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
		                errmsg("%s cannot run inside a transaction block", procedure),
		                errhint("%s", hint)));
}

static void
check_columns(int declared, int columns)
{
	if (declared != columns)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		                errmsg("function is declared with %d columns, but the library returns %d",
		                       declared, columns),
		                errhint("Reconnect, or run ALTER EXTENSION nachet_datastore UPDATE.")));
}

Datum
nachet_sql_bigint_row(FunctionCallInfo fcinfo, const int64 *values, int columns)
{
	TupleDesc shape;
	Datum *datums = palloc(columns * sizeof(Datum));
	bool *nulls = palloc0(columns * sizeof(bool));

	(void) get_call_result_type(fcinfo, NULL, &shape);
	check_columns(shape != NULL ? shape->natts : 1, columns);
	for (int i = 0; i < columns; i++)
		datums[i] = Int64GetDatum(values[i]);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), datums, nulls));
}

void
nachet_sql_materialize(FunctionCallInfo fcinfo, int columns)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
	    !(rsinfo->allowedModes & SFRM_Materialize) || rsinfo->expectedDesc == NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("set-valued function called in context that cannot accept a set")));
	check_columns(rsinfo->expectedDesc->natts, columns);
	caller = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setDesc = CreateTupleDescCopy(rsinfo->expectedDesc);
	rsinfo->setResult = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
	                                          false, work_mem);
	MemoryContextSwitchTo(caller);
}
