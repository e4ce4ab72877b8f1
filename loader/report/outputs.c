/*
 * loader/report/outputs.c
 *		The files that a run itself writes, which may lie in an imported folder.
 *
 * They are known by device and inode, as tar knows its archive: their names may be any.
 */
#include <stddef.h>
#include <unistd.h>

#include "loader/report/outputs.h"

void
nachet_outputs_add(NachetOutputs *outputs, const struct stat *status, const char *what)
{
	if (!S_ISREG(status->st_mode) || outputs->count >= NACHET_OUTPUTS_MAX)
		return;
	outputs->output[outputs->count].device = status->st_dev;
	outputs->output[outputs->count].inode = status->st_ino;
	outputs->output[outputs->count].what = what;
	outputs->count++;
}

void
nachet_outputs_add_standard(NachetOutputs *outputs)
{
	struct stat status;

	if (fstat(STDOUT_FILENO, &status) == 0)
		nachet_outputs_add(outputs, &status, "is the file that standard output is written to");
	if (fstat(STDERR_FILENO, &status) == 0)
		nachet_outputs_add(outputs, &status, "is the file that standard error is written to");
}

const char *
nachet_outputs_find(const NachetOutputs *outputs, dev_t device, ino_t inode)
{
	for (int i = 0; i < outputs->count; i++)
	{
		if (outputs->output[i].device == device && outputs->output[i].inode == inode)
			return outputs->output[i].what;
	}
	return NULL;
}
