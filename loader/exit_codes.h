/*
 * loader/exit_codes.h
 *		What nachet-load's exit status tells. Only main exits.
 */
#ifndef NACHET_LOADER_EXIT_CODES_H
#define NACHET_LOADER_EXIT_CODES_H

typedef enum NachetExit
{
	NACHET_EXIT_IMPORTED = 0,
	NACHET_EXIT_FAILED = 1,       /* nothing imported */
	NACHET_EXIT_USAGE = 2,        /* wrong options or arguments */
	NACHET_EXIT_LEFT_OUT = 3,     /* imported without files that were rejected or left out */
	NACHET_EXIT_UNREACHABLE = 4,  /* no connection to the database, or it was lost */
	NACHET_EXIT_SOME_FAILED = 5,  /* some folders imported and some failed */
	NACHET_EXIT_INTERRUPTED = 130 /* SIGINT, SIGTERM or SIGHUP */
} NachetExit;

#endif
