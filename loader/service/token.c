/*
 * loader/service/token.c
 *		The token that --token-file holds.
 *
 * It is read for every request, since tokens are short-lived and whoever renews one writes it to
 * the file. It goes into the request's header and nowhere else: no message shows any of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "loader/client/secret_file.h"
#include "loader/service/token.h"

/* Reads at most NACHET_TOKEN_MAX_BYTES + 1 bytes. */
static ssize_t
read_all(int fd, char *buffer)
{
	size_t length = 0;
	ssize_t got = 1;

	while (got > 0 && length <= NACHET_TOKEN_MAX_BYTES)
	{
		got = read(fd, buffer + length, NACHET_TOKEN_MAX_BYTES + 1 - length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return -1;
		else
			length += (size_t) got;
	}
	return (ssize_t) length;
}

/* Takes blanks and line ends off the end, and judges what is left (RFC 6750, 2.1). */
static bool
trim_token(char *token, size_t length)
{
	while (length > 0 && strchr("\r\n\t ", token[length - 1]) != NULL)
		length--;
	if (length == 0 || length > NACHET_TOKEN_MAX_BYTES)
		return false;
	token[length] = '\0';
	return strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") ==
	       length;
}

bool
nachet_service_token_read(const char *path, char token[NACHET_TOKEN_MAX_BYTES + 1],
                          NachetError *error)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	ssize_t length;
	bool done = false;

	if (fd < 0 || fstat(fd, &status) != 0)
		nachet_error_set(error, "%s: %s", path, strerrordesc_np(errno));
	else if (!S_ISREG(status.st_mode))
		nachet_error_set(error, "%s: is not a regular file", path);
	else if (!nachet_secret_file_is_private(&status))
	{
		nachet_error_set(error, "%s: other users can read the token in it", path);
		error->hint = strdup("Run chmod 600 on the file.");
	}
	else if ((length = read_all(fd, token)) < 0)
		nachet_error_set(error, "%s: %s", path, strerrordesc_np(errno));
	else if (!trim_token(token, (size_t) length))
		nachet_error_set(
		    error,
		    "%s: contains no token: it must be one line of letters, digits and -._~+/=", path);
	else
		done = true;
	if (fd >= 0)
		close(fd);
	return done;
}
