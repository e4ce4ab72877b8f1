#ifndef NACHET_CONTENTS_STORE_H
#define NACHET_CONTENTS_STORE_H

/*
 * Stores pictures from memory as contents, those that are stored already excepted, and seals them:
 * count byte strings, whose SHA-256 go to sha256s. No sweep takes them before the transaction ends.
 * Needs an SPI connection.
 */
extern void nachet_contents_store(Datum *pictures, int count, Datum *sha256s);

#endif
