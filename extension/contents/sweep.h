#ifndef NACHET_CONTENTS_SWEEP_H
#define NACHET_CONTENTS_SWEEP_H

/*
 * Deletes those of the contents with these ids, a bigint[], that no picture refers to and nobody
 * else holds. Returns their number; *bytes grows by their sizes. Needs an SPI connection.
 */
extern int64 nachet_sweep_purge(Datum ids, int64 *bytes);

#endif
