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
		GUC_check_errdetail("It must not contain a user, a query, a fragment or blanks.");
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
	GUC_check_errdetail(
	    "The name of a region consists of letters, digits, hyphens and underscores.");
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
	DefineCustomIntVariable("nachet.max_array_size",
	                        "Maximum size of the pictures in one bytea[] argument.",
	                        "A backend needs several times as much memory. Import larger folders "
	                        "with COPY, which streams.",
	                        &nachet_max_array_size, 65536, 64, 1024 * 1024 - 1, PGC_SUSET,
	                        GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomBoolVariable(
	    "nachet.allow_drop", "Allows dropping the extension while it contains pictures.",
	    "This guards against mistakes only: any user who may drop the extension may set it.",
	    &nachet_allow_drop, false, PGC_USERSET, 0, NULL, NULL, NULL);
}

static void
define_places(GucStringCheckHook check_store)
{
	DefineCustomStringVariable(
	    "nachet.object_store", "Object store that contents are moved to.",
	    "azure://CONTAINER or s3://BUCKET; if empty, all contents stay in the database.",
	    &nachet_object_store, "", PGC_SUSET, 0, check_store, NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_credentials", "File with the credentials of the object store.",
	    "Lines of NAME=VALUE, with the names that the tools of Azure and Amazon use. Only the "
	    "server's user and root may have access to the file.",
	    &nachet_object_store_credentials, "", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("nachet.object_store_endpoint", "Address of the object store.",
	                           "If empty: the one in the connection string (Azure), or Amazon's "
	                           "for nachet.object_store_region.",
	                           &nachet_object_store_endpoint, "", PGC_SUSET, 0, check_endpoint,
	                           NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_region", "Region that requests to an S3 store are signed for.", NULL,
	    &nachet_object_store_region, "us-east-1", PGC_SUSET, 0, check_region, NULL, NULL);
	DefineCustomBoolVariable(
	    "nachet.object_store_path_style",
	    "Puts the name of an S3 bucket in the path of a URL instead of the host name.", NULL,
	    &nachet_object_store_path_style, false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("nachet.object_store_allow_http",
	                         "Allows plain HTTP to an object store on another machine.",
	                         "Pictures and signatures can then be read on the network.",
	                         &nachet_object_store_allow_http, false, PGC_SUSET, 0, NULL, NULL,
	                         NULL);
	DefineCustomStringVariable("nachet.object_store_ca_file",
	                           "File of CA certificates used to verify the object store.",
	                           "If empty, the CA certificates of the system are used.",
	                           &nachet_object_store_ca_file, "", PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_transfers(void)
{
	DefineCustomIntVariable("nachet.object_store_connections",
	                        "Number of objects that are sent, fetched or deleted concurrently.",
	                        NULL, &nachet_object_store_connections, 8, 1, 64, PGC_USERSET, 0, NULL,
	                        NULL, NULL);
	DefineCustomIntVariable(
	    "nachet.object_store_timeout",
	    "Time with less than 1 kB/s transferred after which an operation fails, retries included.",
	    NULL, &nachet_object_store_timeout, 30000, 100, INT_MAX / 2, PGC_USERSET, GUC_UNIT_MS, NULL,
	    NULL, NULL);
	DefineCustomIntVariable(
	    "nachet.object_store_keep", "Time to keep an object after its content was deleted.",
	    "Use at least the time in which a backup or a standby can bring the content back.",
	    &nachet_object_store_keep, 7 * SECS_PER_DAY, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S, NULL, NULL,
	    NULL);
	DefineCustomEnumVariable("nachet.object_store_checksum",
	                         "Checksum by which Azure detects bytes that were damaged in transfer.",
	                         "crc64, or md5, which takes ten times as long but is checked by "
	                         "emulators too. S3 stores use SHA-256.",
	                         &nachet_object_store_checksum, NACHET_CHECKSUM_CRC64, checksums,
	                         PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(
	    "nachet.verify_objects",
	    "How verify_contents and verify_all check contents in the object store.",
	    "off: not at all; size: that the object exists and has the right size; read: all its "
	    "bytes.",
	    &nachet_verify_objects, NACHET_VERIFY_OBJECTS_NOT, verify_objects, PGC_USERSET, 0, NULL,
	    NULL, NULL);
	DefineCustomIntVariable("nachet.object_store_part_size",
	                        "Larger contents are sent in parts of this size.", NULL,
	                        &nachet_object_store_part_size, 65536, 5 * 1024, 1024 * 1024, PGC_SUSET,
	                        GUC_UNIT_KB, NULL, NULL, NULL);
}

static void
define_workers(void)
{
	DefineCustomIntVariable("nachet.object_store_naptime",
	                        "Time that a worker waits before it looks for contents to move again.",
	                        "If 0, workers move nothing.", &nachet_object_store_naptime, 60, 0,
	                        86400, PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable(
	    "nachet.object_store_databases", "Databases in which background workers move contents.",
	    "Names separated by commas; if empty, none. Workers require the library in "
	    "shared_preload_libraries.",
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
