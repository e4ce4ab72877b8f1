#ifndef NACHET_SQL_H
#define NACHET_SQL_H

#include "executor/spi.h"
#include "utils/array.h"

/* One parameter of a statement. */
typedef struct NachetArg
{
	Oid type;
	Datum value;
	bool isnull;
} NachetArg;

/*
 * Runs one statement inside an SPI connection and returns the number of rows; raises an error
 * unless SPI answers with the expected code (SPI_OK_SELECT, ...). Each statement sees all that this
 * transaction, and under READ COMMITTED every other one, has finished before it.
 */
extern uint64 nachet_sql_run(int expected, const char *sql, int nargs, const NachetArg *args);

/*
 * The same in two steps, for a statement that is run again and again with large values. The plan is
 * gone with the SPI connection, or by SPI_freeplan.
 */
extern SPIPlanPtr nachet_sql_prepare(const char *sql, int nargs, Oid *types);
extern uint64 nachet_sql_run_prepared(int expected, SPIPlanPtr plan, Datum *values);

/*
 * The same under a snapshot taken now, whatever the transaction's isolation: for a last look, under
 * locks, at what others have committed.
 */
extern uint64 nachet_sql_run_latest(int expected, const char *sql, int nargs,
                                    const NachetArg *args);

/*
 * Raises 09000 unless so many rows of one of our tables were written as should be. A trigger or
 * rule that an administrator has put on it may skip rows, and what was skipped must not count as
 * stored.
 */
extern void nachet_sql_check_written(const char *table, uint64 written, uint64 expected);

/*
 * Runs one SELECT that only reads, under the snapshot of the statement that called: what a STABLE
 * function does.
 */
extern uint64 nachet_sql_read(const char *sql, int nargs, const NachetArg *args);

/* A cursor over the rows of a SELECT, for SPI_cursor_fetch and SPI_cursor_close. */
extern Portal nachet_sql_open_cursor(const char *sql, int nargs, const NachetArg *args);

/*
 * The value of a result's row and column (both from 0), copied out of SPI's memory by value types
 * only; 0 if it is null. Raises 55000 if the column has another type.
 */
extern Datum nachet_sql_value(uint64 row, int column, Oid type);

/* The same of a bigint that is not null. */
extern int64 nachet_sql_bigint(uint64 row, int column);

/* The same, if it is not null, copied into the context that was current before SPI_connect. */
extern Datum nachet_sql_result(uint64 row, int column, Oid type);

/* The first column of so many rows, not null, as an array; the result is freed. */
extern NachetArg nachet_sql_column(uint64 rows, Oid type);

/* An array of one dimension, as a parameter; nulls may be NULL. */
extern NachetArg nachet_sql_array(Oid element, Datum *values, bool *nulls, int count);

/* An array of one dimension without NULLs as its elements; what names the argument in errors. */
extern void nachet_sql_elements(ArrayType *array, const char *what, Datum **elements, int *count);

/*
 * Readies a set-returning function to fill rsinfo->setResult with rows of that many columns. Raises
 * 55000 if it is declared with another number: by another version of the extension than the
 * library's.
 */
extern void nachet_sql_materialize(FunctionCallInfo fcinfo, int columns);

/* Raises 25001, with a hint, unless a procedure was called in a way that lets it commit. */
extern void nachet_sql_require_nonatomic(FunctionCallInfo fcinfo, const char *procedure,
                                         const char *hint);

/*
 * The one row of a function that returns that many bigint columns. Raises 55000 as the above does.
 */
extern Datum nachet_sql_bigint_row(FunctionCallInfo fcinfo, const int64 *values, int columns);

#define NACHET_PARAM(oid, datum) ((NachetArg){.type = (oid), .value = (datum)})
#define NACHET_PARAM_IF(oid, datum, given)                                                         \
	((NachetArg){.type = (oid), .value = (datum), .isnull = !(given)})
#define NACHET_BIGINT(number)  NACHET_PARAM(INT8OID, Int64GetDatum(number))
#define NACHET_INTEGER(number) NACHET_PARAM(INT4OID, Int32GetDatum(number))
#define NACHET_TEXT(string)    NACHET_PARAM(TEXTOID, CStringGetTextDatum(string))

#endif
