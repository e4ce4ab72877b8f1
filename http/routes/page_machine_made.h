/*
 * http/routes/page_machine_made.h
 *		The page's module that knows machine-made files.
 */
#ifndef NACHET_HTTP_PAGE_MACHINE_MADE_H
#define NACHET_HTTP_PAGE_MACHINE_MADE_H

#include "http/routes/page.h"

#define NACHET_PAGE_MACHINE_MADE "/page/machine_made.js"

/*
 * The same file for the whole run of the program; NULL if memory runs out. Any number of threads
 * may ask.
 */
extern const NachetPageFile *nachet_page_machine_made(void);

#endif
