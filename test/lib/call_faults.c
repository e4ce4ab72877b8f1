/*
 * test/lib/call_faults.c
 *		LD_PRELOAD: one call of the program fails, whichever the test chooses.
 *
 * The file that FAULT_PLAN names is mapped by the program and written by the test (Nachet::CallFaults): what fails, after
 * how many calls and with which errno; it may change while the program runs. Only calls of the program itself count, and of
 * the libraries whose names hold one of the texts in FAULT_CALLERS, which colons part.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define O_RDWR 2 /* <fcntl.h> would declare open with other parameters than its wrapper here */

typedef struct Plan
{
	char what[32]; /* a function, or a group of them */
	int32_t error;
	int32_t lasting;         /* whether all later calls fail too */
	_Atomic(int64_t) left;   /* calls up to the one that fails; 0: none does */
	_Atomic(int64_t) failed; /* calls that have failed */
} Plan;

#define CALLERS_MAX 16

static Plan *plan;
static struct
{
	uintptr_t start;
	uintptr_t end;
} callers[CALLERS_MAX];
static int caller_count;

/* What runs behind the program's own end, as the counting of coverage does, never fails. */
static void
disarm(void)
{
	plan = NULL;
}

static bool
is_caller(const char *name)
{
	const char *wanted = getenv("FAULT_CALLERS");

	if (*name == '\0')
		return caller_count == 0; /* the program, which comes first */
	while (wanted != NULL && *wanted != '\0')
	{
		size_t length = strcspn(wanted, ":");

		if (memmem(name, strlen(name), wanted, length) != NULL)
			return true;
		wanted += length + (wanted[length] == ':');
	}
	return false;
}

static int
note_caller(struct dl_phdr_info *info, size_t size, void *context)
{
	(void) size;
	(void) context;
	if (!is_caller(info->dlpi_name) || caller_count >= CALLERS_MAX)
		return 0;
	callers[caller_count].start = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++)
	{
		uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		if (start < callers[caller_count].start)
			callers[caller_count].start = start;
		if (start + info->dlpi_phdr[i].p_memsz > callers[caller_count].end)
			callers[caller_count].end = start + info->dlpi_phdr[i].p_memsz;
	}
	caller_count++;
	return 0;
}

__attribute__((constructor)) static void
map_plan(void)
{
	const char *path = getenv("FAULT_PLAN");
	long file = path != NULL ? syscall(SYS_openat, -100, path, O_RDWR, 0) : -1;
	void *mapped;

	if (file < 0)
		return;
	dl_iterate_phdr(note_caller, NULL);
	mapped = mmap(NULL, sizeof(Plan), PROT_READ | PROT_WRITE, MAP_SHARED, (int) file, 0);
	if (mapped != MAP_FAILED)
		plan = mapped;
	close((int) file);
}

static bool
counts(const char *group, const char *function, uintptr_t caller)
{
	if (strcmp(plan->what, group) != 0 && strcmp(plan->what, function) != 0)
		return false;
	for (int i = 0; i < caller_count; i++)
	{
		if (caller >= callers[i].start && caller < callers[i].end)
			return true;
	}
	return false;
}

static bool
fails(const char *group, const char *function, void *caller)
{
	static atomic_flag ends = ATOMIC_FLAG_INIT;

	if (plan == NULL || !counts(group, function, (uintptr_t) caller))
		return false;
	if (!atomic_flag_test_and_set(&ends))
		(void) atexit(disarm);
	if (atomic_load(&plan->left) > 0 ? atomic_fetch_sub(&plan->left, 1) != 1
	                                 : plan->lasting == 0 || atomic_load(&plan->failed) == 0)
		return false;
	atomic_fetch_add(&plan->failed, 1);
	errno = plan->error;
	return true;
}

#define WRAP(group, type, failure, name, parameters, arguments)                                    \
	type name parameters;                                                                          \
	type name parameters                                                                           \
	{                                                                                              \
		static type(*real) parameters;                                                             \
		if (real == NULL)                                                                          \
			real = (type(*) parameters) dlsym(RTLD_NEXT, #name);                                   \
		return fails(group, #name, __builtin_return_address(0)) ? (failure) : real arguments;      \
	}

/* --- memory ---------------------------------------------------------------------------------- */
WRAP("memory", void *, NULL, malloc, (size_t a), (a))
WRAP("memory", void *, NULL, calloc, (size_t a, size_t b), (a, b))
WRAP("memory", void *, NULL, realloc, (void *a, size_t b), (a, b))
WRAP("memory", void *, NULL, reallocarray, (void *a, size_t b, size_t c), (a, b, c))
WRAP("memory", char *, NULL, strdup, (const char *a), (a))
WRAP("memory", char *, NULL, strndup, (const char *a, size_t b), (a, b))
WRAP("memory", FILE *, NULL, open_memstream, (char **a, size_t *b), (a, b))
WRAP("memory", int, -1, vasprintf, (char **a, const char *b, va_list c), (a, b, c))
WRAP("memory", int, -1, __vasprintf_chk, (char **a, int b, const char *c, va_list d), (a, b, c, d))
WRAP("memory", void *, NULL, CRYPTO_malloc, (size_t a, const char *b, int c), (a, b, c))
WRAP("memory", void *, NULL, CRYPTO_zalloc, (size_t a, const char *b, int c), (a, b, c))

#define WRAP_ASPRINTF(name, ...)                                                                   \
	int name(char **text, __VA_ARGS__ const char *format, ...);                                    \
	int name(char **text, __VA_ARGS__ const char *format, ...)                                     \
	{                                                                                              \
		static int (*real)(char **, const char *, va_list);                                        \
		va_list args;                                                                              \
		int length;                                                                                \
		if (real == NULL)                                                                          \
			real = (int (*)(char **, const char *, va_list)) dlsym(RTLD_NEXT, "vasprintf");        \
		if (fails("memory", #name, __builtin_return_address(0)))                                   \
			return -1;                                                                             \
		va_start(args, format);                                                                    \
		length = real(text, format, args);                                                         \
		va_end(args);                                                                              \
		return length;                                                                             \
	}
WRAP_ASPRINTF(asprintf, )
WRAP_ASPRINTF(__asprintf_chk, int flag __attribute__((unused)), )

/* --- files ----------------------------------------------------------------------------------- */
WRAP("files", int, -1, open, (const char *a, int b, unsigned c), (a, b, c))
WRAP("files", int, -1, __open_2, (const char *a, int b), (a, b))
WRAP("files", int, -1, openat, (int a, const char *b, int c, unsigned d), (a, b, c, d))
WRAP("files", int, -1, __openat_2, (int a, const char *b, int c), (a, b, c))
WRAP("files", ssize_t, -1, read, (int a, void *b, size_t c), (a, b, c))
WRAP("files", ssize_t, -1, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d))
WRAP("files", ssize_t, -1, write, (int a, const void *b, size_t c), (a, b, c))
WRAP("files", ssize_t, -1, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
WRAP("files", int, -1, fstat, (int a, void *b), (a, b))
WRAP("files", int, -1, fstatvfs, (int a, void *b), (a, b))
WRAP("files", int, -1, fsync, (int a), (a))
WRAP("files", int, -1, fcntl, (int a, int b, long c), (a, b, c))
WRAP("files", int, -1, rename, (const char *a, const char *b), (a, b))
WRAP("files", int, -1, mkostemp, (char *a, int b), (a, b))
WRAP("files", FILE *, NULL, fdopen, (int a, const char *b), (a, b))
WRAP("files", FILE *, NULL, fopen, (const char *a, const char *b), (a, b))
WRAP("files", DIR *, NULL, fdopendir, (int a), (a))
WRAP("files", DIR *, NULL, opendir, (const char *a), (a))
WRAP("files", struct dirent *, NULL, readdir, (DIR * a), (a))
WRAP("files", char *, NULL, realpath, (const char *a, char *b), (a, b))
WRAP("random", ssize_t, -1, getrandom, (void *a, size_t b, unsigned c), (a, b, c))

/* --- sockets and threads ---------------------------------------------------------------------- */
WRAP("sockets", int, -1, socket, (int a, int b, int c), (a, b, c))
WRAP("sockets", int, -1, bind, (int a, const void *b, unsigned c), (a, b, c))
WRAP("sockets", int, -1, listen, (int a, int b), (a, b))
WRAP("sockets", int, -1, chmod, (const char *a, unsigned b), (a, b))
WRAP("sockets", int, -1, lstat, (const char *a, void *b), (a, b))
WRAP("sockets", int, -1, getsockname, (int a, void *b, unsigned *c), (a, b, c))
WRAP("sockets", int, -1, setsockopt, (int a, int b, int c, const void *d, unsigned e),
     (a, b, c, d, e))
WRAP("sockets", int, -1, getrlimit, (int a, void *b), (a, b))
WRAP("sockets", int, -1, getrusage, (int a, void *b), (a, b))
WRAP("threads", int, plan->error, pthread_create, (void *a, const void *b, void *c, void *d),
     (a, b, c, d))

/* --- libraries: what they answer if memory ran out in them -------------------------------------- */
WRAP("libpq", void *, NULL, PQexec, (void *a, const char *b), (a, b))
WRAP("libpq", void *, NULL, PQexecParams,
     (void *a, const char *b, int c, void *d, void *e, void *f, void *g, int h),
     (a, b, c, d, e, f, g, h))
WRAP("libpq", int, 0, PQsendQuery, (void *a, const char *b), (a, b))
WRAP("libpq", int, 0, PQsendQueryParams,
     (void *a, const char *b, int c, void *d, void *e, void *f, void *g, int h),
     (a, b, c, d, e, f, g, h))
WRAP("libpq", int, 0, PQenterPipelineMode, (void *a), (a))
WRAP("libpq", int, 0, PQpipelineSync, (void *a), (a))
WRAP("libpq", int, -1, PQputCopyData, (void *a, const char *b, int c), (a, b, c))
WRAP("libpq", void *, NULL, PQgetCancel, (void *a), (a))
WRAP("libpq", void *, NULL, PQcancelCreate, (void *a), (a))
WRAP("libpq", void *, NULL, PQconnectStartParams, (void *a, void *b, int c), (a, b, c))
WRAP("libcrypto", void *, NULL, EVP_MD_fetch, (void *a, const char *b, const char *c), (a, b, c))
WRAP("libcrypto", void *, NULL, EVP_MD_CTX_new, (void), ())
WRAP("libcrypto", int, 0, EVP_DigestInit_ex2, (void *a, void *b, void *c), (a, b, c))
WRAP("libcrypto", int, 0, EVP_DigestUpdate, (void *a, const void *b, size_t c), (a, b, c))
WRAP("libcrypto", int, 0, EVP_DigestFinal_ex, (void *a, void *b, void *c), (a, b, c))
WRAP("libcrypto", void *, NULL, BIO_new_mem_buf, (const void *a, int b), (a, b))
WRAP("libcrypto", void *, NULL, HMAC,
     (const void *a, const void *b, int c, const void *d, size_t e, void *f, void *g),
     (a, b, c, d, e, f, g))
WRAP("libcrypto", int, 0, EVP_DigestVerifyInit, (void *a, void *b, void *c, void *d, void *e),
     (a, b, c, d, e))
WRAP("libcurl", int, 2, curl_global_init, (long a), (a))
WRAP("libcurl", void *, NULL, curl_easy_init, (void), ())
WRAP("libcurl", void *, NULL, curl_multi_init, (void), ())
WRAP("libcurl", int, 3, curl_multi_add_handle, (void *a, void *b), (a, b))
WRAP("libcurl", int, 3, curl_multi_perform, (void *a, int *b), (a, b))
WRAP("libcurl", int, 3, curl_multi_poll, (void *a, void *b, unsigned c, int d, int *e),
     (a, b, c, d, e))
WRAP("libcurl", void *, NULL, curl_slist_append, (void *a, const char *b), (a, b))
WRAP("libcurl", void *, NULL, curl_url, (void), ())
WRAP("libcurl", int, 7, curl_url_set, (void *a, int b, const char *c, unsigned d), (a, b, c, d))
WRAP("libjansson", char *, NULL, json_dumps, (const void *a, size_t b), (a, b))
WRAP("libjansson", void *, NULL, json_loadb, (const char *a, size_t b, size_t c, void *d),
     (a, b, c, d))
WRAP("libjansson", int, -1, json_object_set_new, (void *a, const char *b, void *c), (a, b, c))
WRAP("libmicrohttpd", void *, NULL, MHD_create_response_from_buffer, (size_t a, void *b, int c),
     (a, b, c))
WRAP("libmicrohttpd", void *, NULL, MHD_create_response_from_callback,
     (uint64_t a, size_t b, void *c, void *d, void *e), (a, b, c, d, e))
WRAP("libmicrohttpd", int, 0, MHD_queue_response, (void *a, unsigned b, void *c), (a, b, c))
WRAP("libgnutls", int, -25, gnutls_x509_privkey_init, (void *a), (a))
WRAP("libgnutls", int, -25, gnutls_certificate_allocate_credentials, (void *a), (a))
WRAP("libgnutls", int, -25, gnutls_x509_crt_init, (void *a), (a))
WRAP("libgnutls", int, -25, gnutls_privkey_init, (void *a), (a))
WRAP("libgnutls", int, -25, gnutls_pcert_list_import_x509_raw,
     (void *a, unsigned *b, void *c, int d, unsigned e), (a, b, c, d, e))
