/*
 * loader/client/standard_streams.c
 *		Standard input, output and error that are open, whoever started the program.
 *
 * If one of them is closed, the next socket or file that the program opens takes its number, and
 * messages are written into it. So these numbers are taken before anything else is opened. Each is
 * opened the wrong way round, so that nothing is silently read as empty or written to nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "loader/client/standard_streams.h"

bool
nachet_standard_streams_open(bool closed[NACHET_STANDARD_STREAMS])
{
	for (int stream = 0; stream < NACHET_STANDARD_STREAMS; stream++)
	{
		closed[stream] = fcntl(stream, F_GETFD) < 0 && errno == EBADF;

		/* The lowest free number is this one: those below it are open. */
		if (closed[stream] &&
		    open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
			return false;
	}
	return true;
}
