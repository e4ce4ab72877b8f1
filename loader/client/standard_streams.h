#ifndef NACHET_CLIENT_STANDARD_STREAMS_H
#define NACHET_CLIENT_STANDARD_STREAMS_H

#include <stdbool.h>

#define NACHET_STANDARD_STREAMS 3

/*
 * Opens those of the descriptors 0 to 2 that are closed, on /dev/null, and sets closed for each of
 * them: reading from such a standard input, and writing to such an output, fails with EBADF. Call
 * it first in main. False, with errno, if /dev/null can't be opened: the program must end then.
 */
extern bool nachet_standard_streams_open(bool closed[NACHET_STANDARD_STREAMS])
    __attribute__((warn_unused_result));

#endif
