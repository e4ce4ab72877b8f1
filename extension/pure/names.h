/*
 * extension/pure/names.h
 *		What may name a picture within its set.
 *
 * A name is the picture's path relative to the imported folder: components parted by '/', valid
 * UTF-8 (RFC 3629), 1 to 1,024 bytes, no empty, "." or ".." component, no control character (U+0000
 * to U+001F, U+007F to U+009F). Case and Unicode form are kept as given.
 */
#ifndef NACHET_NAMES_H
#define NACHET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define NACHET_NAME_MAX_BYTES 1024

/*
 * NULL if the name is valid; else a static string that says why not ("is empty", ...), fit to
 * follow the name.
 */
extern const char *nachet_name_flaw(const char *name, size_t length);

/* The same as a token that stays as it is, for programs: "name_empty", ...; NULL for no flaw. */
extern const char *nachet_name_flaw_code(const char *name, size_t length);

/* Those that others give too, and the code of a second picture of one name in a set. */
#define NACHET_CODE_NAME_TOO_LONG "name_too_long"
#define NACHET_CODE_NAME_REPEATED "name_repeated"

/* Whether length bytes are valid UTF-8: shortest forms, no surrogates, nothing above U+10FFFF. */
extern bool nachet_utf8_valid(const char *bytes, size_t length);

/* Which part of a path is machine-made, and what it is. */
typedef struct NachetMachineMade
{
	const char *component; /* in the path that was judged; not NUL-terminated */
	size_t length;
	const char *what; /* a static string: "thumbnails of a Synology NAS", ... */
} NachetMachineMade;

/*
 * Whether a path within an imported folder, of a file or of a folder, has a machine-made component:
 * one that NAS boxes, desktops, phones and programs make for themselves, such as thumbnails, and
 * what was thrown away. The first is in *found, which may be NULL. An import leaves such paths out
 * unless an option takes them.
 */
extern bool nachet_path_is_machine_made(const char *path, size_t length, bool folder,
                                        NachetMachineMade *found);

#define NACHET_MACHINE_MADE_FILES   1
#define NACHET_MACHINE_MADE_FOLDERS 2

/* One kind of component that is machine-made. */
typedef struct NachetMachineMadeRow
{
	const char
	    *pattern; /* in lower case: ASCII letters match in either; one '*': one or more bytes */
	int kinds;    /* NACHET_MACHINE_MADE_ of what may have such a name */
	const char *what;
} NachetMachineMadeRow;

/*
 * The list that nachet_path_is_machine_made judges by, for whoever judges elsewhere; NULL beyond
 * its end.
 */
extern const NachetMachineMadeRow *nachet_machine_made_row(size_t index);

#endif
