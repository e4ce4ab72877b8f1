/*
 * http/routes/set_answer.h
 *		The answer to an import that makes a picture set, whatever the form it came in.
 */
#ifndef NACHET_HTTP_SET_ANSWER_H
#define NACHET_HTTP_SET_ANSWER_H

typedef struct NachetRequest NachetRequest;

/*
 * Answers 201 or 200 with the JSON where nachet.batch_import's result tells that a set was made, or was there; 500
 * for a result that is not known.
 */
extern void nachet_set_answer(NachetRequest *request, const char *result, const char *json);

#endif
