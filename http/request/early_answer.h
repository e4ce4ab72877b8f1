#ifndef NACHET_HTTP_EARLY_ANSWER_H
#define NACHET_HTTP_EARLY_ANSWER_H

typedef struct NachetRequest NachetRequest;

/*
 * Writes the request's answer to its connection, at most once, after which nothing else may be
 * answered. In the connection's own thread, while libmicrohttpd hands over the body or its headers.
 */
extern void nachet_early_answer_send(NachetRequest *request);

/*
 * Reads nothing for a while, or until the client closes the connection, before it is reset: a
 * client that can send no more looks for an answer.
 */
extern void nachet_early_answer_linger(const NachetRequest *request);

#endif
