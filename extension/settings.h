/*
 * extension/settings.h
 *		The settings that nachet_datastore.c defines, for the files that obey them.
 */
#ifndef NACHET_SETTINGS_H
#define NACHET_SETTINGS_H

/* nachet.max_array_size, in kilobytes: the most bytes of pictures that one bytea[] may hold. */
extern int nachet_max_array_size;

/* nachet.allow_drop: whether DROP EXTENSION may take stored pictures along. */
extern bool nachet_allow_drop;

#endif
