/*
 * http/body/spool.c
 *		Where pictures wait until they are whole and sent: in memory, or in a file.
 *
 * All memory for pictures is one region of equal blocks, made once: so that it can't fragment, and
 * no number of uploads can take more. A picture starts in blocks and moves to an unlinked file when
 * it has had its share of them or when none is left: nobody ever waits for a block, so that no two
 * uploads can wait for each other. Blocks that were just freed are taken first, which keeps the
 * pages in use few.
 *
 * Files have a bound of their own, and leave some of the disk to others. Both are looked at before
 * a picture grows by another CLAIM_BYTES, which costs nothing beside writing them; so that the
 * reserve may be missed by as much for each picture under way.
 *
 * The lock guards the list of free blocks alone; a block's bytes belong to the picture that has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "http/body/spool.h"

#define BLOCK_BYTES ((size_t) 16 * 1024)

/* One picture's share of the memory, so that slow uploads of large ones do not take all of it. */
#define PICTURE_BLOCKS ((size_t) 4 * 1024 * 1024 / BLOCK_BYTES)

#define CLAIM_BYTES (UINT64_C(1024) * 1024)

struct NachetSpool
{
	pthread_mutex_t lock;
	const char *folder;
	NachetSpoolLimits limits;
	atomic_uint_fast64_t claimed; /* bytes of files, of all pictures */
	char *memory;
	size_t block_count;
	size_t free_count;
	uint32_t free_blocks[]; /* a stack */
};

/* A file that nobody else can open and that goes with its descriptor. -1 on failure, with errno. */
static int
open_unlinked(const char *folder)
{
	char *path;
	int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return file;
	if (asprintf(&path, "%s/nachet-http-XXXXXX", folder) < 0)
	{
		errno = ENOMEM;
		return -1;
	}
	file = mkostemp(path, O_CLOEXEC);
	if (file >= 0)
		(void) unlink(path);
	free(path);
	return file;
}

static void
fill_error(NachetError *error, const NachetSpool *spool)
{
	nachet_error_set(error, "can't spool a picture in \"%s\": %s", spool->folder, strerror(errno));
}

NachetSpool *
nachet_spool_create(const char *folder, const NachetSpoolLimits *limits, NachetError *error)
{
	size_t count = (size_t) (limits->memory / BLOCK_BYTES);
	NachetSpool *spool = calloc(1, sizeof(*spool) + count * sizeof(spool->free_blocks[0]));
	int file;

	if (spool == NULL)
	{
		nachet_error_set(error, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&spool->lock, NULL);
	spool->folder = folder;
	spool->limits = *limits;
	spool->memory = mmap(NULL, count * BLOCK_BYTES, PROT_READ | PROT_WRITE,
	                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	spool->block_count = count;
	for (size_t i = 0; i < count; i++)
		spool->free_blocks[i] = (uint32_t) (count - 1 - i);
	spool->free_count = count;

	file = spool->memory != MAP_FAILED ? open_unlinked(folder) : -1;
	if (file < 0)
	{
		fill_error(error, spool);
		nachet_spool_free(spool);
		return NULL;
	}
	close(file);
	return spool;
}

void
nachet_spool_free(NachetSpool *spool)
{
	if (spool == NULL)
		return;
	if (spool->memory != MAP_FAILED)
		munmap(spool->memory, spool->block_count * BLOCK_BYTES);
	pthread_mutex_destroy(&spool->lock);
	free(spool);
}

void
nachet_spool_state(NachetSpool *spool, NachetSpoolState *state)
{
	pthread_mutex_lock(&spool->lock);
	state->memory = (spool->block_count - spool->free_count) * BLOCK_BYTES;
	pthread_mutex_unlock(&spool->lock);
	state->memory_limit = spool->block_count * BLOCK_BYTES;
	state->files = atomic_load(&spool->claimed);
	state->files_limit = spool->limits.files;
}

NachetSpooled *
nachet_spooled_create(NachetSpool *spool)
{
	NachetSpooled *spooled = calloc(1, sizeof(*spooled));

	if (spooled == NULL)
		return NULL;
	spooled->spool = spool;
	spooled->file = -1;
	return spooled;
}

static void
free_blocks(NachetSpooled *spooled)
{
	NachetSpool *spool = spooled->spool;

	pthread_mutex_lock(&spool->lock);
	while (spooled->block_count > 0)
		spool->free_blocks[spool->free_count++] = spooled->blocks[--spooled->block_count];
	pthread_mutex_unlock(&spool->lock);
	free(spooled->blocks);
	spooled->blocks = NULL;
	spooled->block_capacity = 0;
}

/* One block more; false if the picture has its share or none is left. */
static bool
add_block(NachetSpooled *spooled)
{
	NachetSpool *spool = spooled->spool;
	bool added = false;

	if (spooled->block_count >= PICTURE_BLOCKS)
		return false;
	if (spooled->block_count >= spooled->block_capacity)
	{
		size_t capacity = spooled->block_capacity > 0 ? 4 * spooled->block_capacity : 4;
		uint32_t *blocks = realloc(spooled->blocks, capacity * sizeof(*blocks));

		if (blocks == NULL)
			return false;
		spooled->blocks = blocks;
		spooled->block_capacity = capacity;
	}
	pthread_mutex_lock(&spool->lock);
	if (spool->free_count > 0)
	{
		spooled->blocks[spooled->block_count++] = spool->free_blocks[--spool->free_count];
		added = true;
	}
	pthread_mutex_unlock(&spool->lock);
	return added;
}

static bool
disk_has_space(const NachetSpooled *spooled, NachetError *error)
{
	const NachetSpool *spool = spooled->spool;
	uint64_t reserve = spool->limits.reserve;
	struct statvfs disk;
	uint64_t free_bytes;

	if (reserve == 0)
		return true;
	if (fstatvfs(spooled->file, &disk) != 0)
	{
		fill_error(error, spool);
		return false;
	}
	free_bytes = (uint64_t) disk.f_bavail * disk.f_frsize;
	if (free_bytes >= CLAIM_BYTES && free_bytes - CLAIM_BYTES >= reserve)
		return true;
	nachet_error_set(error,
	                 "no space to spool a picture in \"%s\": %" PRIu64
	                 " bytes are free, and --spool-reserve is %" PRIu64,
	                 spool->folder, free_bytes, reserve);
	return false;
}

/* Sees to it that the picture may have so many bytes in its file. */
static bool
claim_space(NachetSpooled *spooled, uint64_t size, NachetError *error)
{
	NachetSpool *spool = spooled->spool;

	while (spooled->claimed < size)
	{
		if (atomic_fetch_add(&spool->claimed, CLAIM_BYTES) + CLAIM_BYTES > spool->limits.files)
		{
			atomic_fetch_sub(&spool->claimed, CLAIM_BYTES);
			nachet_error_set(error,
			                 "no space to spool a picture: others use all %" PRIu64
			                 " bytes of --spool-size",
			                 spool->limits.files);
			return false;
		}
		spooled->claimed += CLAIM_BYTES;
		if (!disk_has_space(spooled, error))
			return false;
	}
	return true;
}

static bool
write_file(const NachetSpooled *spooled, uint64_t offset, const char *bytes, size_t length,
           NachetError *error)
{
	while (length > 0)
	{
		ssize_t written = pwrite(spooled->file, bytes, length, (off_t) offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			fill_error(error, spooled->spool);
			return false;
		}
		bytes += written;
		offset += (uint64_t) written;
		length -= (size_t) written;
	}
	return true;
}

static char *
block_at(const NachetSpooled *spooled, uint64_t offset)
{
	return spooled->spool->memory + spooled->blocks[offset / BLOCK_BYTES] * BLOCK_BYTES;
}

/* Moves what is in memory to a file. */
static bool
spill(NachetSpooled *spooled, NachetError *error)
{
	spooled->file = open_unlinked(spooled->spool->folder);
	if (spooled->file < 0)
	{
		fill_error(error, spooled->spool);
		return false;
	}
	if (!claim_space(spooled, spooled->size, error))
		return false;
	for (uint64_t offset = 0; offset < spooled->size; offset += BLOCK_BYTES)
	{
		uint64_t left = spooled->size - offset;

		if (!write_file(spooled, offset, block_at(spooled, offset),
		                left < BLOCK_BYTES ? (size_t) left : BLOCK_BYTES, error))
			return false;
	}
	free_blocks(spooled);
	return true;
}

bool
nachet_spooled_write(NachetSpooled *spooled, const void *bytes, size_t length, NachetError *error)
{
	const char *next = bytes;

	while (length > 0 && spooled->file < 0)
	{
		size_t used = (size_t) (spooled->size % BLOCK_BYTES);
		size_t take = length < BLOCK_BYTES - used ? length : BLOCK_BYTES - used;

		if (used == 0 && !add_block(spooled))
		{
			if (!spill(spooled, error))
				return false;
			break;
		}
		memcpy(block_at(spooled, spooled->size) + used, next, take);
		spooled->size += take;
		next += take;
		length -= take;
	}
	if (length == 0)
		return true;
	if (!claim_space(spooled, spooled->size + length, error) ||
	    !write_file(spooled, spooled->size, next, length, error))
		return false;
	spooled->size += length;
	return true;
}

bool
nachet_spooled_read(const NachetSpooled *spooled, uint64_t offset, void *buffer, const void **bytes,
                    size_t *length, NachetError *error)
{
	uint64_t left = spooled->size - offset;
	ssize_t got;

	if (spooled->file < 0)
	{
		size_t used = (size_t) (offset % BLOCK_BYTES);

		*bytes = block_at(spooled, offset) + used;
		*length = left < BLOCK_BYTES - used ? (size_t) left : BLOCK_BYTES - used;
		return true;
	}
	do
		got = pread(spooled->file, buffer,
		            left < NACHET_SPOOL_READ_BYTES ? (size_t) left : NACHET_SPOOL_READ_BYTES,
		            (off_t) offset);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
	{
		nachet_error_set(error, "can't read a spooled picture: %s",
		                 got < 0 ? strerror(errno) : "it was truncated");
		return false;
	}
	*bytes = buffer;
	*length = (size_t) got;
	return true;
}

char *
nachet_spooled_load(const NachetSpooled *spooled, NachetError *error)
{
	char *bytes = malloc((size_t) spooled->size + 1);
	uint64_t offset = 0;

	if (bytes == NULL)
		nachet_error_set(error, "out of memory");
	while (!error->set && offset < spooled->size)
	{
		const void *some;
		size_t length;

		if (nachet_spooled_read(spooled, offset, bytes + offset, &some, &length, error))
		{
			if (some != bytes + offset)
				memcpy(bytes + offset, some, length);
			offset += length;
		}
	}
	if (!error->set)
	{
		bytes[offset] = '\0';
		return bytes;
	}
	free(bytes);
	return NULL;
}

void
nachet_spooled_free(NachetSpooled *spooled)
{
	if (spooled == NULL)
		return;
	if (spooled->block_count > 0)
		free_blocks(spooled);
	free(spooled->blocks);
	if (spooled->file >= 0)
		close(spooled->file);
	atomic_fetch_sub(&spooled->spool->claimed, spooled->claimed);
	free(spooled);
}
