/*
 * extension/settings.c
 *		The settings of the extension, all of them.
 *
 * Those of the object store are a superuser's: whoever sets them decides where pictures go and
 * which file is read. A secret is in none of them; the credentials are in a file that only the
 * server's own user can read.
 */
#include "postgres.h"

#include <limits.h>

#include "datatype/timestamp.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "compat.h"
#include "settings.h"

int nachet_max_array_size = 65536;
bool nachet_allow_drop = false;
char *nachet_object_store = NULL;
char *nachet_object_store_credentials = NULL;
char *nachet_object_store_endpoint = NULL;
char *nachet_object_store_region = NULL;
bool nachet_object_store_path_style = false;
bool nachet_object_store_allow_http = false;
char *nachet_object_store_ca_file = NULL;
int nachet_object_store_connections = 8;
int nachet_object_store_timeout = 30000;
int nachet_object_store_part_size = 65536;
int nachet_object_store_keep = 7 * SECS_PER_DAY;
int nachet_object_store_checksum = NACHET_CHECKSUM_CRC64;
int nachet_verify_objects = NACHET_VERIFY_OBJECTS_NOT;
int nachet_object_store_naptime = 60;
char *nachet_object_store_databases = NULL;

static const struct config_enum_entry checksums[] = {
    {"crc64", NACHET_CHECKSUM_CRC64, false},
    {"md5", NACHET_CHECKSUM_MD5, false},
    {NULL, 0, false},
};

static const struct config_enum_entry verify_objects[] = {
    {"off", NACHET_VERIFY_OBJECTS_NOT, false},
    {"size", NACHET_VERIFY_OBJECTS_SIZE, false},
    {"read", NACHET_VERIFY_OBJECTS_READ, false},
    {NULL, 0, false},
};

static bool
check_endpoint(char **value, void **extra, GucSource source)
{
	if (**value == '\0')
		return true;
	if (strncmp(*value, "https://", 8) != 0 && strncmp(*value, "http://", 7) != 0)
	{
		GUC_check_errdetail("It must begin with \"https://\" or \"http://\".");
		return false;
	}
	if (strpbrk(*value, "?#@ \t") != NULL)
	{
		GUC_check_errdetail("It must hold neither user, query, fragment nor blanks.");
		return false;
	}
	return true;
}

static bool
check_region(char **value, void **extra, GucSource source)
{
	if (strspn(*value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	    strlen(*value))
		return true;
	GUC_check_errdetail("A region's name has letters, digits, hyphens and underscores.");
	return false;
}

static bool
check_databases(char **value, void **extra, GucSource source)
{
	char *copy = pstrdup(*value);
	List *names;
	bool valid = SplitIdentifierString(copy, ',', &names);

	if (!valid)
		GUC_check_errdetail("It must be a list of databases, separated by commas.");
	pfree(copy);
	return valid;
}

static void
define_own(void)
{
	DefineCustomIntVariable(
	    "nachet.max_array_size", "The most bytes of pictures that one bytea[] argument may hold.",
	    "A backend holds such an argument several times over. Larger folders go in "
	    "through COPY, which streams.",
	    &nachet_max_array_size, 65536, 64, 1024 * 1024 - 1, PGC_SUSET, GUC_UNIT_KB, NULL, NULL,
	    NULL);
	DefineCustomBoolVariable(
	    "nachet.allow_drop", "Lets the extension be dropped while pictures are stored in it.",
	    "A catch against mistakes: whoever may drop the extension may set this.",
	    &nachet_allow_drop, false, PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
define_places(GucStringCheckHook check_store)
{
	DefineCustomStringVariable(
	    "nachet.object_store", "The object store that contents move to.",
	    "azure://CONTAINER or s3://BUCKET; empty: none, and all contents stay in the database.",
	    &nachet_object_store, "", PGC_SUSET, 0, check_store, NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_credentials", "The file that holds the object store's credentials.",
	    "Lines of NAME=VALUE, by the names of Azure's and Amazon's own tools; nobody but the "
	    "server's user and root may be able to read it.",
	    &nachet_object_store_credentials, "", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("nachet.object_store_endpoint", "The address of the object store.",
	                           "Empty: what the connection string says (Azure), or Amazon's in "
	                           "nachet.object_store_region.",
	                           &nachet_object_store_endpoint, "", PGC_SUSET, 0, check_endpoint,
	                           NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_region", "The region that requests to an S3 store are signed for.",
	    NULL, &nachet_object_store_region, "us-east-1", PGC_SUSET, 0, check_region, NULL, NULL);
	DefineCustomBoolVariable("nachet.object_store_path_style",
	                         "Whether an S3 bucket is named in a URL's path instead of its host.",
	                         NULL, &nachet_object_store_path_style, false, PGC_SUSET, 0, NULL, NULL,
	                         NULL);
	DefineCustomBoolVariable(
	    "nachet.object_store_allow_http",
	    "Whether an object store may be spoken to without TLS beyond this machine.",
	    "Pictures and signatures are then readable on the way.", &nachet_object_store_allow_http,
	    false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("nachet.object_store_ca_file",
	                           "The certificates that an object store's must come from.",
	                           "Empty: those that the system trusts.", &nachet_object_store_ca_file,
	                           "", PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_transfers(void)
{
	DefineCustomIntVariable(
	    "nachet.object_store_connections", "How many objects are sent, fetched or deleted at once.",
	    NULL, &nachet_object_store_connections, 8, 1, 64, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
	    "nachet.object_store_timeout",
	    "How long less than 1 kB/s may move before an operation fails, tries included.", NULL,
	    &nachet_object_store_timeout, 30000, 100, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MS, NULL, NULL,
	    NULL);
	DefineCustomIntVariable(
	    "nachet.object_store_keep", "How long an object is kept after its content was deleted.",
	    "As long as a backup or a standby can bring the content back.", &nachet_object_store_keep,
	    7 * SECS_PER_DAY, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomEnumVariable(
	    "nachet.object_store_checksum",
	    "By which checksum Azure refuses bytes that were damaged on the way.",
	    "crc64, or md5, which takes ten times as long, and which emulators check too. S3 goes by "
	    "SHA-256.",
	    &nachet_object_store_checksum, NACHET_CHECKSUM_CRC64, checksums, PGC_SUSET, 0, NULL, NULL,
	    NULL);
	DefineCustomEnumVariable(
	    "nachet.verify_objects",
	    "How verify_contents and verify_all look at contents in the object store.",
	    "off: not at all; size: whether the object is there, with the right size; read: all its "
	    "bytes.",
	    &nachet_verify_objects, NACHET_VERIFY_OBJECTS_NOT, verify_objects, PGC_USERSET, 0, NULL,
	    NULL, NULL);
	DefineCustomIntVariable("nachet.object_store_part_size",
	                        "Above this size a content is sent in parts of this size.", NULL,
	                        &nachet_object_store_part_size, 65536, 5 * 1024, 1024 * 1024, PGC_SUSET,
	                        GUC_UNIT_KB, NULL, NULL, NULL);
}

static void
define_workers(void)
{
	DefineCustomIntVariable("nachet.object_store_naptime",
	                        "How long a worker waits before it looks again for contents to move.",
	                        "0: it moves nothing.", &nachet_object_store_naptime, 60, 0, 86400,
	                        PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_databases", "The databases in which background workers move contents.",
	    "Names separated by commas; empty: none. Without the library in "
	    "shared_preload_libraries there are no workers.",
	    &nachet_object_store_databases, "", PGC_SIGHUP, 0, check_databases, NULL, NULL);
}

void
nachet_settings_define(GucStringCheckHook check_store)
{
	define_own();
	define_places(check_store);
	define_transfers();
	define_workers();
	MarkGUCPrefixReserved("nachet");
}
