#ifndef NACHET_CLIENT_SECRET_FILE_H
#define NACHET_CLIENT_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "loader/client/error.h"

/* The bytes that a file may have. */
#define NACHET_SECRET_FILE_BYTES (64 * 1024)

/*
 * The bytes, with a NUL after them; to be freed by nachet_secret_file_free. NULL, and why, where
 * they can't be had; what tells what the file is, "key file".
 */
extern unsigned char *nachet_secret_file_read(const char *what, const char *path,
                                              struct stat *status, size_t *length,
                                              NachetError *error)
    __attribute__((warn_unused_result));

/* Leaves nothing of them in memory. NULL is allowed. */
extern void nachet_secret_file_free(unsigned char *bytes);

/* Whether its owner alone may read it. Root may share its file with a group, as for libpq. */
extern bool nachet_secret_file_is_private(const struct stat *status);

#endif
