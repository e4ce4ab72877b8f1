#ifndef NACHET_LOADER_OUTPUTS_H
#define NACHET_LOADER_OUTPUTS_H

#include <sys/stat.h>

#define NACHET_OUTPUTS_MAX 4

typedef struct NachetOutputs
{
	struct
	{
		dev_t device;
		ino_t inode;
		const char *what; /* fit to follow the file's name */
	} output[NACHET_OUTPUTS_MAX];
	int count;
} NachetOutputs;

/* Adds a file, if it is a regular one: only those are ever imported. */
extern void nachet_outputs_add(NachetOutputs *outputs, const struct stat *status, const char *what);

/* Adds where standard output and standard error go. */
extern void nachet_outputs_add_standard(NachetOutputs *outputs);

/* What of the run's output a file is; NULL if it is none. */
extern const char *nachet_outputs_find(const NachetOutputs *outputs, dev_t device, ino_t inode);

#endif
