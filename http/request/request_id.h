#ifndef NACHET_HTTP_REQUEST_ID_H
#define NACHET_HTTP_REQUEST_ID_H

#define NACHET_REQUEST_ID_MAX 64

/*
 * The id that the client gave, if it is valid: 1 to 64 letters, digits, '.', '_' and '-'.
 * Otherwise, and for NULL, a new UUID of version 7.
 */
extern void nachet_request_id_choose(char id[NACHET_REQUEST_ID_MAX + 1], const char *given);

#endif
