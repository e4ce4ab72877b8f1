/*
 * extension/seeds.h
 *		The seeds that pictures may show.
 */
#ifndef NACHET_SEEDS_H
#define NACHET_SEEDS_H

/*
 * The id of the seed with this name, held FOR KEY SHARE to the transaction's end. Raises NC002, with the
 * nearest name as a hint, where there is none. Needs an SPI connection; the result outlives it.
 */
extern Datum nachet_seed_require(Datum name);

#endif
