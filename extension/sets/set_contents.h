#ifndef NACHET_SETS_SET_CONTENTS_H
#define NACHET_SETS_SET_CONTENTS_H

#include "utils/jsonb.h"

#include "sets/flaws.h"
#include "sql.h"

/* A set to be made of contents that are stored already. */
typedef struct NachetUpload
{
	Datum *names;   /* text */
	Datum *sha256s; /* bytea: SHA-256 */
	int count;
	Datum user_id; /* uuid */
	Jsonb *data;
	Datum set_id; /* out: uuid */
	bool created; /* out: false if the same set was there */
} NachetUpload;

/*
 * Holds the contents to the transaction's end, so that no sweep takes them. Raises NC004 if one is
 * not stored, NC003 if one is no acceptable picture. Needs an SPI connection.
 */
extern void nachet_set_contents_hold(const NachetUpload *upload);

/*
 * Adds the pictures for which the following raises NC003, as many as are listed, and returns how
 * many more were refused when they were stored: the maximum of those that are refused now. Needs an
 * SPI connection.
 */
extern int nachet_set_contents_flaws(const NachetUpload *upload, NachetFlaws *flaws);

/* Raises NC003 if one of those that are stored is no acceptable picture; holds none. */
extern void nachet_set_contents_check(const NachetUpload *upload);

#endif
