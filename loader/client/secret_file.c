/*
 * loader/client/secret_file.c
 *		Small files that hold keys and certificates.
 *
 * What was read is wiped before its memory goes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <openssl/crypto.h>

#include "loader/client/secret_file.h"

unsigned char *
nachet_secret_file_read(const char *what, const char *path, struct stat *status, size_t *length,
                        NachetError *error)
{
	/* A pipe must not hold us up; it is refused below. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char *bytes = OPENSSL_zalloc(NACHET_SECRET_FILE_BYTES);
	ssize_t got = 0;

	*length = 0;
	if (file < 0 || fstat(file, status) != 0)
		nachet_error_set(error, "can't read the %s '%s': %s", what, path, strerror(errno));
	else if (!S_ISREG(status->st_mode))
		nachet_error_set(error, "the %s '%s' is not a regular file", what, path);
	else if (bytes == NULL)
		nachet_error_set(error, "out of memory");
	else
	{
		while (*length < NACHET_SECRET_FILE_BYTES &&
		       (got = read(file, bytes + *length, NACHET_SECRET_FILE_BYTES - *length)) > 0)
			*length += (size_t) got;
		if (got < 0)
			nachet_error_set(error, "can't read the %s '%s': %s", what, path, strerror(errno));
		else if (*length >= NACHET_SECRET_FILE_BYTES)
			nachet_error_set(error, "the %s '%s' is too long", what, path);
	}
	if (file >= 0)
		close(file);
	if (!error->set)
		return bytes;
	nachet_secret_file_free(bytes);
	return NULL;
}

void
nachet_secret_file_free(unsigned char *bytes)
{
	OPENSSL_clear_free(bytes, NACHET_SECRET_FILE_BYTES);
}

bool
nachet_secret_file_is_private(const struct stat *status)
{
	mode_t forbidden = status->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;

	return (status->st_mode & forbidden) == 0;
}
