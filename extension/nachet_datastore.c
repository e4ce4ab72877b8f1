/*
 * extension/nachet_datastore.c
 *		The module's magic block and its settings.
 *
 * Settings hold no secret: any role can SHOW one. Nothing else happens at load time, so that the
 * library may be loaded at first use or be preloaded, as one likes.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "compat.h"
#include "offload/settings.h"
#include "offload/worker.h"
#include "settings.h"

PG_MODULE_MAGIC;

int nachet_max_array_size = 65536;
bool nachet_allow_drop = false;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable(
	    "nachet.max_array_size", "The most bytes of pictures that one bytea[] argument may hold.",
	    "A backend holds such an argument several times over. Larger folders go in "
	    "through COPY, which streams.",
	    &nachet_max_array_size, 65536, 64, 1024 * 1024 - 1, PGC_SUSET, GUC_UNIT_KB, NULL, NULL,
	    NULL);
	DefineCustomBoolVariable(
	    "nachet.allow_drop", "Lets the extension be dropped while pictures are stored in it.",
	    "A catch against mistakes: whoever may drop the extension may set this.",
	    &nachet_allow_drop, false, PGC_USERSET, 0, NULL, NULL, NULL);
	nachet_object_settings_define();
	nachet_offload_worker_define();
	MarkGUCPrefixReserved("nachet");
}
