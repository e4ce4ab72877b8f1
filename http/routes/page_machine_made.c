/*
 * http/routes/page_machine_made.c
 *		The page's module that knows machine-made files.
 *
 * There is one list of them, that of extension/pure/names.c: the module is made of it when it is
 * first asked for, so that the page leaves out what the service leaves out.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "loader/client/sha256.h"
#include "pure/names.h"
#include "http/routes/page_machine_made.h"
#include "http/text.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static NachetText module;
static char tag[2 * 16 + 3];
static NachetPageFile file = {NACHET_PAGE_MACHINE_MADE, "text/javascript; charset=utf-8", tag, NULL,
                              0};

static bool
make_tag(void)
{
	unsigned char digest[NACHET_SHA256_BYTES];
	NachetSha256 *sha256 = nachet_sha256_create();
	bool made = sha256 != NULL && nachet_sha256_begin(sha256) &&
	            nachet_sha256_update(sha256, module.bytes, module.length) &&
	            nachet_sha256_finish(sha256, digest);
	char *at = tag;

	nachet_sha256_free(sha256);
	if (!made)
		return false;
	*at++ = '"';
	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%02x", digest[i]);
	*at++ = '"';
	*at = '\0';
	return true;
}

/* The patterns of files, or of folders, as one string: a '/' parts them, which no name holds. */
static void
add_patterns(const char *name, int kind)
{
	const NachetMachineMadeRow *row;
	NachetText patterns = {0};

	for (size_t i = 0; (row = nachet_machine_made_row(i)) != NULL; i++)
	{
		if ((row->kinds & kind) != 0)
			nachet_text_format(&patterns, "%s%s", patterns.length > 0 ? "/" : "", row->pattern);
	}
	nachet_text_format(&module, "export const %s=", name);
	nachet_text_json(&module, patterns.bytes, patterns.length);
	nachet_text_format(&module, ".split(\"/\");\n");
	module.failed = module.failed || patterns.failed;
	nachet_text_free(&patterns);
}

static void
make_module(void)
{
	add_patterns("files", NACHET_MACHINE_MADE_FILES);
	add_patterns("folders", NACHET_MACHINE_MADE_FOLDERS);
	if (module.failed || !make_tag())
		return;
	file.bytes = (const unsigned char *) module.bytes;
	file.length = module.length;
}

const NachetPageFile *
nachet_page_machine_made(void)
{
	(void) pthread_once(&once, make_module);
	return file.bytes != NULL ? &file : NULL;
}
