#ifndef NACHET_HTTP_REQUESTER_H
#define NACHET_HTTP_REQUESTER_H

#include <stdbool.h>

typedef struct NachetFields NachetFields;
typedef struct NachetRequest NachetRequest;

/*
 * Asks the datastore whether the user is registered whom the service has authenticated, or whom the
 * request names: email is NULL if it names nobody. False if the request has its answer.
 */
extern bool nachet_requester_check(NachetRequest *request, const char *email)
    __attribute__((warn_unused_result));

/*
 * Asks the datastore whether a set of this user and these data could be made, whatever its
 * pictures; only once the fields have all that a set needs: others may follow the pictures. False
 * if the request has its answer.
 */
extern bool nachet_requester_check_fields(NachetRequest *request, NachetFields *fields)
    __attribute__((warn_unused_result));

#endif
