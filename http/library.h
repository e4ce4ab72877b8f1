#ifndef NACHET_HTTP_LIBRARY_H
#define NACHET_HTTP_LIBRARY_H

#include <stdbool.h>
#include <microhttpd.h>

/* Whether it refuses by itself what may be read in two ways; if not, head.c does. */
extern bool nachet_library_is_strict(void);

/* The last option of a daemon: asks for that if the library can, and ends the list otherwise. */
extern struct MHD_OptionItem nachet_library_discipline(void);

#endif
