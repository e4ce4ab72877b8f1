/*
 * http/library.c
 *		Which libmicrohttpd this is, and how strictly it is made to read.
 *
 * Since 0.9.77 it can be told to refuse line ends without CR, folded lines and blanks in a
 * request's target. At level 1 it stays within what HTTP demands of a server. The version is that
 * of the library that runs, which may be newer than the headers.
 */
#include <stdio.h>

#include "http/library.h"

#if MHD_VERSION < 0x00097701
#define MHD_OPTION_CLIENT_DISCIPLINE_LVL ((enum MHD_OPTION) 38)
#endif

#define DISCIPLINE 1

bool
nachet_library_is_strict(void)
{
	int major = 0;
	int minor = 0;
	int patch = 0;

	(void) sscanf(MHD_get_version(), "%d.%d.%d", &major, &minor, &patch);
	return major > 0 || minor > 9 || patch >= 77;
}

struct MHD_OptionItem
nachet_library_discipline(void)
{
	struct MHD_OptionItem item = {MHD_OPTION_END, 0, NULL};

	if (nachet_library_is_strict())
		item = (struct MHD_OptionItem){MHD_OPTION_CLIENT_DISCIPLINE_LVL, DISCIPLINE, NULL};
	return item;
}
