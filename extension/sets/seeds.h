#ifndef NACHET_SETS_SEEDS_H
#define NACHET_SETS_SEEDS_H

/*
 * The id of the seed with this name, held FOR KEY SHARE to the transaction's end, and the name that
 * it is registered under: the name itself, or the only one that differs from it in nothing but
 * case, blanks and Unicode form. Raises NC002, with the nearest name as a hint, if there is none.
 * Needs an SPI connection; the id outlives it.
 */
extern Datum nachet_seeds_require(text *name, text **registered);

#endif
