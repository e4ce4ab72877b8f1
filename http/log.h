/*
 * http/log.h
 *		Messages on standard error, each one line and one write.
 */
#ifndef NACHET_HTTP_LOG_H
#define NACHET_HTTP_LOG_H

extern void nachet_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
