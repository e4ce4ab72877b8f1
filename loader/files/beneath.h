/*
 * loader/files/beneath.h
 *		Opens what lies beneath a folder, and through no symbolic link.
 */
#ifndef NACHET_LOADER_BENEATH_H
#define NACHET_LOADER_BENEATH_H

/*
 * Opens a path of a good name's form below a folder. flags are open's, for an existing file;
 * O_NOFOLLOW and O_CLOEXEC are added. -1 and errno on failure: ELOOP if a component is a symbolic
 * link, but O_PATH opens a link that is the last one.
 */
extern int nachet_open_beneath(int folder, const char *path, int flags)
    __attribute__((warn_unused_result));

#endif
