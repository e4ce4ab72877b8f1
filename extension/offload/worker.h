#ifndef NACHET_OFFLOAD_WORKER_H
#define NACHET_OFFLOAD_WORKER_H

/* Registers the workers, if the library is being preloaded. */
extern void nachet_offload_worker_register(void);

#endif
