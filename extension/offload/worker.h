/*
 * extension/offload/worker.h
 *		Background workers that move contents without being asked.
 */
#ifndef NACHET_OFFLOAD_WORKER_H
#define NACHET_OFFLOAD_WORKER_H

/* Defines the workers' settings and, where the library is being preloaded, registers the workers. */
extern void nachet_offload_worker_define(void);

#endif
