/*
 * extension/compat.h
 *		Every difference between PostgreSQL's major versions that concerns this extension.
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

/* 15 lets hashes say why they fail. */
#if PG_VERSION_NUM < 150000
#define pg_cryptohash_error(hash) "refused by the server's OpenSSL"
#define pg_hmac_error(hmac)       "refused by the server's OpenSSL"
#endif

/* 16 moved the macros of varlena values out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 writes pg_noreturn before a declaration, and has no attribute behind it any more. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* 16 lets a caller of index_beginscan pass nothing new; 18 asks for a place for its statistics. */
#if PG_VERSION_NUM >= 180000
#define nachet_index_beginscan(heap, index, snapshot, nkeys)                                       \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define nachet_index_beginscan(heap, index, snapshot, nkeys)                                       \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

/* 15 added a function for the timeline that is written to. */
#if PG_VERSION_NUM >= 150000
#define nachet_timeline() GetWALInsertionTimeLine()
#else
#define nachet_timeline() ThisTimeLineID
#endif

/* 18 takes and gives bytes without sign. */
#if PG_VERSION_NUM >= 180000
#define nachet_base64_encode(bytes, length, text, room)                                            \
	pg_b64_encode((const uint8 *) (bytes), (length), (text), (room))
#define nachet_base64_decode(text, length, bytes, room)                                            \
	pg_b64_decode((text), (length), (uint8 *) (bytes), (room))
#else
#define nachet_base64_encode(bytes, length, text, room)                                            \
	pg_b64_encode((const char *) (bytes), (length), (text), (room))
#define nachet_base64_decode(text, length, bytes, room)                                            \
	pg_b64_decode((text), (length), (bytes), (room))
#endif

#endif
