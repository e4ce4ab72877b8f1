#ifndef NACHET_SETS_PICTURE_SET_H
#define NACHET_SETS_PICTURE_SET_H

#include "sets/flaws.h"
#include "sets/set_contents.h"

/*
 * Makes the set, or finds the one that is the same. Raises NC001, NC002, NC003, NC004 and NC005.
 * Needs an SPI connection; set_id outlives it.
 */
extern void nachet_picture_set_upload(NachetUpload *upload);

/*
 * Raises what the above would raise but NC001 and NC004: contents that are not stored yet are left
 * out of the judgement. Writes and locks nothing. Needs an SPI connection.
 */
extern void nachet_picture_set_check(const NachetUpload *upload);

/*
 * The pictures for which the above raises NC003: by their names, or if these are good, by their
 * contents. *unjudged: how many more were refused when they were stored. Needs an SPI connection.
 */
extern void nachet_picture_set_flaws(const NachetUpload *upload, NachetFlaws *flaws, int *unjudged);

#endif
