/*
 * extension/compat.h
 *		Every difference between PostgreSQL's major versions that this extension meets.
 *
 * No other file tests PG_VERSION_NUM.
 */
#ifndef NACHET_COMPAT_H
#define NACHET_COMPAT_H

#if PG_VERSION_NUM < 140000
#error "nachet_datastore needs PostgreSQL 14 or later"
#endif

/* 15 replaced the warning about unknown settings of a prefix by a reservation of the prefix. */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* 16 lets a caller of index_beginscan pass nothing new; 18 asks for a place for its statistics. */
#if PG_VERSION_NUM >= 180000
#define nachet_index_beginscan(heap, index, snapshot, nkeys)                                       \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define nachet_index_beginscan(heap, index, snapshot, nkeys)                                       \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

#endif
