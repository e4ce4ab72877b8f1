/*
 * extension/offload/credentials.c
 *		The file that holds an object store's credentials.
 *
 * It is read anew for each use, so that a key that was changed serves at once, and nothing of it
 * outlives the caller's memory context. Errors name the file and the line, never what stands there.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "offload/credentials.h"

#define MAX_FILE_SIZE 65536

/*
 * As the server's own private key: its owner's alone, or root's and readable by the server's group.
 */
static void
check_access(const char *path, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("credentials file \"%s\" is not a regular file", path)));
	if (status->st_uid != geteuid() && status->st_uid != 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("credentials file \"%s\" must be owned by the server's user or root",
		                       path)));
	if ((status->st_mode & (status->st_uid == 0 ? 0037 : 0077)) != 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("credentials file \"%s\" is accessible to other users", path),
		                errhint("Set its mode to 0600, or to 0640 if root owns it.")));
	if (status->st_size > MAX_FILE_SIZE)
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIG_FILE_ERROR),
		         errmsg("credentials file \"%s\" has more than %d bytes", path, MAX_FILE_SIZE)));
}

/*
 * The whole file as a string. The mode is that of the file that is read, whatever the name leads to
 * later.
 */
static char *
read_file(const char *path)
{
	int file = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	struct stat status;
	char *content;
	ssize_t length;

	if (file < 0 || fstat(file, &status) != 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("could not open credentials file \"%s\": %m", path)));
	check_access(path, &status);
	content = palloc(MAX_FILE_SIZE + 1);
	length = read(file, content, MAX_FILE_SIZE);
	if (length < 0)
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("could not read credentials file \"%s\": %m", path)));
	content[length] = '\0';
	CloseTransientFile(file);
	return content;
}

/* Cuts blanks from both ends. */
static char *
trim(char *string)
{
	size_t length;

	string += strspn(string, " \t\r");
	length = strlen(string);
	while (length > 0 && strchr(" \t\r", string[length - 1]) != NULL)
		string[--length] = '\0';
	return string;
}

static void
add_line(NachetCredentials *credentials, char *line, int number)
{
	char *value;
	size_t name;
	size_t length;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return;
	name = strcspn(line, "=");
	if (name == 0 || line[name] == '\0')
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("line %d of credentials file \"%s\" is not NAME=VALUE", number,
		                       credentials->path)));
	line[name] = '\0';
	value = trim(line + name + 1);
	length = strlen(value);
	if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
	{
		value[length - 1] = '\0';
		value++;
	}
	credentials->names = lappend(credentials->names, trim(line));
	credentials->values = lappend(credentials->values, value);
}

NachetCredentials *
nachet_credentials_read(const char *path)
{
	NachetCredentials *credentials = palloc0(sizeof(NachetCredentials));
	char *line;
	int number = 0;

	if (*path == '\0')
		ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
		                errmsg("no credentials are set for the object store"),
		                errhint("Set nachet.object_store_credentials to the path of a file.")));
	credentials->path = path;
	line = read_file(path);
	while (line != NULL)
	{
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		add_line(credentials, line, ++number);
		line = end;
	}
	return credentials;
}

const char *
nachet_credentials_value(const NachetCredentials *credentials, const char *name)
{
	ListCell *names;
	ListCell *values;

	forboth(names, credentials->names, values, credentials->values)
	{
		if (strcmp(lfirst(names), name) == 0)
			return lfirst(values);
	}
	return NULL;
}

const char *
nachet_credentials_require(const NachetCredentials *credentials, const char *name)
{
	const char *value = nachet_credentials_value(credentials, name);

	if (value == NULL || *value == '\0')
		ereport(ERROR,
		        (errcode(ERRCODE_CONFIG_FILE_ERROR),
		         errmsg("credentials file \"%s\" has no line %s=...", credentials->path, name)));
	return value;
}
