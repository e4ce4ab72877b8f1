/*
 * http/exit_codes.h
 *		What nachet-http's exit status tells. Only main exits.
 */
#ifndef NACHET_HTTP_EXIT_CODES_H
#define NACHET_HTTP_EXIT_CODES_H

typedef enum NachetHttpExit
{
	NACHET_HTTP_EXIT_STOPPED = 0, /* by SIGTERM or SIGINT, with nothing left under way */
	NACHET_HTTP_EXIT_FAILED = 1,  /* could not start, or had to leave requests behind */
	NACHET_HTTP_EXIT_USAGE = 2    /* wrong options */
} NachetHttpExit;

#endif
