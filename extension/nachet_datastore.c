/*
 * extension/nachet_datastore.c
 *		The module's magic block, its settings and its background workers.
 *
 * Nothing else happens at load time: the library may be loaded at first use or be preloaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "offload/store.h"
#include "offload/worker.h"
#include "settings.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	nachet_settings_define(nachet_object_store_check);
	nachet_offload_worker_register();
}
