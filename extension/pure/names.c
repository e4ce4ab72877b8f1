/*
 * extension/pure/names.c
 *		What may name a picture within its set.
 *
 * Names are refused and never cleaned. Nothing here asks the locale: a name that one side accepts,
 * the other accepts too.
 */
#include "names.h"

#include <string.h>

/*
 * The length in bytes of the UTF-8 sequence that starts at bytes, of which left are there, or 0
 * if none is valid. The ranges are those of RFC 3629, section 4: they leave out the longer forms
 * (C0, C1, E0 80-9F, F0 80-8F), the surrogates (ED A0-BF) and what is above U+10FFFF (F4 90-, F5-).
 */
static size_t
utf8_sequence_length(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0];
	unsigned char lowest = 0x80;
	unsigned char highest = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	else if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;

	if (length > left)
		return 0;
	if (first == 0xe0)
		lowest = 0xa0;
	else if (first == 0xed)
		highest = 0x9f;
	else if (first == 0xf0)
		lowest = 0x90;
	else if (first == 0xf4)
		highest = 0x8f;

	if (bytes[1] < lowest || bytes[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++)
	{
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool
nachet_utf8_valid(const char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length)
	{
		size_t step = utf8_sequence_length((const unsigned char *) bytes + at, length - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

/* Whether valid UTF-8 holds a C0 control, DEL, or a C1 control (which are C2 80 to C2 9F). */
static bool
has_control_character(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return true;
		if (bytes[i] == 0xc2 && bytes[i + 1] <= 0x9f)
			return true;
	}
	return false;
}

/* What can be wrong with a name. */
typedef enum Flaw
{
	FLAW_NONE,
	FLAW_EMPTY,
	FLAW_TOO_LONG,
	FLAW_NOT_UTF8,
	FLAW_CONTROL,
	FLAW_FIRST_SLASH,
	FLAW_LAST_SLASH,
	FLAW_EMPTY_COMPONENT,
	FLAW_DOT,
	FLAW_DOTS
} Flaw;

static const struct
{
	const char *words;
	const char *code;
} flaws[] = {
    [FLAW_NONE] = {NULL, NULL},
    [FLAW_EMPTY] = {"is empty", "name_empty"},
    [FLAW_TOO_LONG] = {"is longer than 1,024 bytes", NACHET_CODE_NAME_TOO_LONG},
    [FLAW_NOT_UTF8] = {"is not valid UTF-8", "name_not_utf8"},
    [FLAW_CONTROL] = {"has a control character", "name_control_character"},
    [FLAW_FIRST_SLASH] = {"starts with a slash", "name_component"},
    [FLAW_LAST_SLASH] = {"ends with a slash", "name_component"},
    [FLAW_EMPTY_COMPONENT] = {"has an empty component", "name_component"},
    [FLAW_DOT] = {"has a component \".\"", "name_component"},
    [FLAW_DOTS] = {"has a component \"..\"", "name_component"},
};

static Flaw
component_flaw(const char *component, size_t length)
{
	if (length == 0)
		return FLAW_EMPTY_COMPONENT;
	if (length == 1 && component[0] == '.')
		return FLAW_DOT;
	if (length == 2 && component[0] == '.' && component[1] == '.')
		return FLAW_DOTS;
	return FLAW_NONE;
}

/* The first flaw of a name. */
static Flaw
find_flaw(const char *name, size_t length)
{
	size_t start = 0;

	if (length == 0)
		return FLAW_EMPTY;
	if (length > NACHET_NAME_MAX_BYTES)
		return FLAW_TOO_LONG;
	if (!nachet_utf8_valid(name, length))
		return FLAW_NOT_UTF8;
	if (has_control_character((const unsigned char *) name, length))
		return FLAW_CONTROL;
	if (name[0] == '/')
		return FLAW_FIRST_SLASH;
	if (name[length - 1] == '/')
		return FLAW_LAST_SLASH;

	for (size_t i = 0; i <= length; i++)
	{
		if (i == length || name[i] == '/')
		{
			Flaw flaw = component_flaw(name + start, i - start);

			if (flaw != FLAW_NONE)
				return flaw;
			start = i + 1;
		}
	}
	return FLAW_NONE;
}

const char *
nachet_name_flaw(const char *name, size_t length)
{
	return flaws[find_flaw(name, length)].words;
}

const char *
nachet_name_flaw_code(const char *name, size_t length)
{
	return flaws[find_flaw(name, length)].code;
}

/* --- machine-made files and folders ----------------------------------------------------------- */

#define FILES   NACHET_MACHINE_MADE_FILES
#define FOLDERS NACHET_MACHINE_MADE_FOLDERS

/*
 * Names that no person gives to a picture or to a folder of pictures; "thumbnails" or "cache" are
 * not among them. In lower case: ASCII letters match in either. One '*' stands for one or more
 * bytes.
 */
static const NachetMachineMadeRow machine_made[] = {
    {"@eadir", FOLDERS, "thumbnails of a Synology NAS"},
    {"synofile_thumb_*", FILES, "thumbnails of a Synology NAS"},
    {".synologyworkingdirectory", FOLDERS, "files of Synology Drive"},
    {"@__thumb", FOLDERS, "thumbnails of a QNAP NAS"},
    {".@__thumb", FOLDERS, "thumbnails of a QNAP NAS"},
    {".@upload_cache", FOLDERS, "temporary files of a QNAP NAS"},
    {"#recycle", FOLDERS, "a NAS's recycle bin"},
    {"@recycle", FOLDERS, "a NAS's recycle bin"},
    {".recycle", FOLDERS, "a file server's recycle bin"},
    {"#snapshot", FOLDERS, "a NAS's snapshots"},
    {"@recently-snapshot", FOLDERS, "a NAS's snapshots"},
    {".snapshot", FOLDERS, "a file system's snapshots"},
    {".snapshots", FOLDERS, "a file system's snapshots"},
    {"~snapshot", FOLDERS, "a file system's snapshots"},
    {".zfs", FOLDERS, "a file system's snapshots"},
    {"lost+found", FOLDERS, "files that a file system check found"},
    {".nfs*", FILES, "a removed file that is still open"},
    {".fuse_hidden*", FILES, "a removed file that is still open"},

    {"$recycle.bin", FOLDERS, "Windows's recycle bin"},
    {"recycler", FOLDERS, "Windows's recycle bin"},
    {"system volume information", FOLDERS, "files of Windows"},
    {"thumbs.db", FILES, "thumbnails of Windows"},
    {"thumbs.db:encryptable", FILES, "thumbnails of Windows"},
    {"ehthumbs.db", FILES, "thumbnails of Windows"},
    {"ehthumbs_vista.db", FILES, "thumbnails of Windows"},
    {"desktop.ini", FILES, "a desktop's folder settings"},

    {".ds_store", FILES, "a desktop's folder settings"},
    {"._*", FILES, "macOS's metadata of another file"}, /* AppleDouble */
    {".appledouble", FOLDERS, "macOS's metadata of other files"},
    {"__macosx", FOLDERS, "macOS's metadata of other files"},
    {".appledb", FOLDERS, "files of a file server"},
    {".appledesktop", FOLDERS, "files of a file server"},
    {".apdisk", FILES, "files of macOS"},
    {".localized", FILES, "files of macOS"},
    {".volumeicon.icns", FILES, "files of macOS"},
    {"icon\r", FILES, "files of macOS"},
    {".spotlight-v100", FOLDERS, "files of macOS"},
    {".fseventsd", FOLDERS, "files of macOS"},
    {".temporaryitems", FOLDERS, "files of macOS"},
    {"temporary items", FOLDERS, "files of macOS"},
    {".documentrevisions-v100", FOLDERS, "files of macOS"},
    {".trashes", FOLDERS, "macOS's trash"},
    {"network trash folder", FOLDERS, "macOS's trash"},

    {".thumbnails", FOLDERS, "thumbnails of a desktop or phone"},
    {".xvpics", FOLDERS, "thumbnails of a desktop or phone"},
    {".trash", FOLDERS, "a desktop's trash"},
    {".trash-*", FOLDERS, "a desktop's trash"},
    {".globaltrash", FOLDERS, "a phone's trash"},
    {".trashed-*", FILES, "a phone's trash"},
    {".nomedia", FILES, "a phone's marker file"},
    {".directory", FILES, "a desktop's folder settings"},

    {"*~", FILES, "a backup copy"},
    {".~*", FILES | FOLDERS, "temporary files"},
    {"~$*", FILES, "temporary files"},
    {".#*", FILES, "an editor's lock"},
    {".goutputstream-*", FILES, "temporary files"},

    {".picasaoriginals", FOLDERS, "files of Picasa"},
    {".picasa.ini", FILES, "files of Picasa"},
    {"picasa.ini", FILES, "files of Picasa"},
    {"*.lrdata", FOLDERS, "previews of Lightroom"},
    {".dtrash", FOLDERS, "digiKam's trash"},
    {".photostructure", FOLDERS, "files of PhotoStructure"},
    {".photoprism", FOLDERS, "files of PhotoPrism"},

    {".stversions", FOLDERS, "old versions that Syncthing keeps"},
    {".stfolder", FILES | FOLDERS, "files of Syncthing"},
    {".stignore", FILES, "files of Syncthing"},
    {".syncthing.*.tmp", FILES, "a file that Syncthing has not received completely"},
    {"~syncthing~*.tmp", FILES, "a file that Syncthing has not received completely"},
    {".sync", FOLDERS, "files of Resilio Sync"},
    {".sync_*", FILES, "files of Nextcloud"},
    {".nextcloudsync.log", FILES, "files of Nextcloud"},
    {".owncloudsync.log", FILES, "files of ownCloud"},
    {".dropbox", FILES | FOLDERS, "files of Dropbox"},
    {".dropbox.attr", FILES, "files of Dropbox"},
    {".dropbox.cache", FOLDERS, "files of Dropbox"},
    {".tmp.drivedownload", FOLDERS, "files of Google Drive"},
    {".tmp.driveupload", FOLDERS, "files of Google Drive"},
    {".rsync-partial", FOLDERS, "files that rsync has not received completely"},
    {".nachet-report-*", FILES, "an unfinished report of nachet-load"},
    {".git", FILES | FOLDERS, "files of git"},
    {".dvc", FOLDERS, "files of DVC"},
    {".hg", FOLDERS, "files of Mercurial"},
    {".svn", FOLDERS, "files of Subversion"},
};

const NachetMachineMadeRow *
nachet_machine_made_row(size_t index)
{
	return index < sizeof(machine_made) / sizeof(machine_made[0]) ? &machine_made[index] : NULL;
}

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char) (byte - 'A' + 'a') : byte;
}

static bool
matches_pattern(const char *pattern, const char *name, size_t length)
{
	size_t head = 0;
	size_t tail;

	for (; pattern[head] != '\0' && pattern[head] != '*'; head++)
	{
		if (head >= length || lower(name[head]) != pattern[head])
			return false;
	}
	if (pattern[head] == '\0')
		return head >= length;
	tail = strlen(pattern + head + 1);
	if (length <= head + tail)
		return false;
	for (size_t i = 0; i < tail; i++)
	{
		if (lower(name[length - tail + i]) != pattern[head + 1 + i])
			return false;
	}
	return true;
}

/* What a machine-made component is; NULL for any other. */
static const char *
judge_component(const char *component, size_t length, int kind)
{
	for (size_t i = 0; i < sizeof(machine_made) / sizeof(machine_made[0]); i++)
	{
		if ((machine_made[i].kinds & kind) != 0 &&
		    matches_pattern(machine_made[i].pattern, component, length))
			return machine_made[i].what;
	}
	return NULL;
}

bool
nachet_path_is_machine_made(const char *path, size_t length, bool folder, NachetMachineMade *found)
{
	size_t start = 0;

	for (size_t i = 0; i <= length; i++)
	{
		const char *what;

		if (i < length && path[i] != '/')
			continue;
		what = judge_component(path + start, i - start, i < length || folder ? FOLDERS : FILES);
		if (what != NULL)
		{
			if (found != NULL)
				*found = (NachetMachineMade){path + start, i - start, what};
			return true;
		}
		start = i + 1;
	}
	return false;
}
