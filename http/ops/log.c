/*
 * http/ops/log.c
 *		Lines on standard error, as text or as JSON Lines.
 *
 * A thread of its own writes the lines, so that a log that nobody reads stops nobody: what the
 * queue has no room for is lost, and counted. A line is one write of at most what a pipe takes in
 * one piece, so that lines of several programs don't mix. Every message stays one
 * line and moves no terminal.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loader/client/clock.h"
#include "http/ops/log.h"

#define LINE_BYTES    4096 /* PIPE_BUF */
#define MESSAGE_BYTES 2048 /* before escaping */
#define QUEUE_BYTES   ((size_t) 256 * 1024)

/* How long the end of the service waits for a log that nobody reads. */
#define STOP_MS 1000

/* The lock guards all but running and lost_ever. */
static struct
{
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_cond_t written;
	pthread_t thread;
	atomic_bool running; /* lines are queued, not written at once */
	bool stopping;
	bool done;
	char block[2][QUEUE_BYTES];
	int filling; /* the block that lines are added to; the other one is written */
	size_t length;
	uint64_t lost; /* since the last line of the block */
	_Atomic(uint64_t) lost_ever;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static NachetLogFormat log_format = NACHET_LOG_TEXT;

void
nachet_log_set_format(NachetLogFormat format)
{
	log_format = format;
}

NachetLogFormat
nachet_log_format(void)
{
	return log_format;
}

/* --- lines ------------------------------------------------------------------------------------ */

void
nachet_log_line_begin(NachetText *line, const char *level)
{
	char date[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	memset(line, 0, sizeof(*line));
	if (log_format == NACHET_LOG_JSON)
		nachet_text_format(line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\"", date,
		                   now.tv_nsec / 1000000, level);
	else
		nachet_text_format(line, "%s.%03ldZ nachet-http: %s", date, now.tv_nsec / 1000000,
		                   strcmp(level, "warning") == 0 ? "warning: " : "");
}

void
nachet_log_line_words(NachetText *line, const char *words, size_t length)
{
	size_t before = line->length;
	size_t capacity = LINE_BYTES - 2; /* without what ends a line of JSON */

	for (;;)
	{
		size_t excess;

		if (log_format == NACHET_LOG_JSON)
			nachet_text_json(line, words, length);
		else
			nachet_text_visible(line, words, length);
		if (line->length <= capacity || length == 0)
			return;
		/* No byte becomes more than six: this never takes away too much. */
		excess = (line->length - capacity + 5) / 6;
		length = nachet_text_kept(words, length, excess < length ? length - excess : 0);
		line->length = before;
	}
}

/* The message of a line that has no other members. */
static void
add_message(NachetText *line, const char *words)
{
	if (log_format == NACHET_LOG_JSON)
		nachet_text_format(line, ",\"message\":");
	nachet_log_line_words(line, words, strlen(words));
}

static void
finish_line(NachetText *line)
{
	if (log_format == NACHET_LOG_JSON)
		nachet_text_add(line, "}", 1);
	nachet_text_add(line, "\n", 1);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
write_line(const char *bytes, size_t length)
{
	struct pollfd file = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (length > 0)
	{
		ssize_t count = write(STDERR_FILENO, bytes, length);

		if (count > 0)
		{
			bytes += count;
			length -= (size_t) count;
		}
		else if (errno == EAGAIN)
			(void) poll(&file, 1, -1);
		else if (errno != EINTR)
			return; /* nobody can be told */
	}
}

/* A line written at once, which says how many are missing there. */
static void
write_lost(uint64_t count)
{
	char words[120];
	NachetText line;

	snprintf(words, sizeof(words),
	         "%" PRIu64
	         " lines of the log were lost: standard error was not read, or out of memory",
	         count);
	nachet_log_line_begin(&line, "warning");
	add_message(&line, words);
	finish_line(&line);
	if (!line.failed)
		write_line(line.bytes, line.length);
	nachet_text_free(&line);
}

static void *
write_queue(void *context)
{
	(void) context;
	pthread_mutex_lock(&queue.lock);
	while (queue.length > 0 || !queue.stopping)
	{
		const char *at = queue.block[queue.filling];
		const char *end = at + queue.length;
		uint64_t lost = queue.lost;

		if (queue.length == 0)
		{
			pthread_cond_wait(&queue.filled, &queue.lock);
			continue;
		}
		queue.filling = 1 - queue.filling;
		queue.length = 0;
		queue.lost = 0;
		pthread_mutex_unlock(&queue.lock);
		while (at < end)
		{
			const char *next = (const char *) memchr(at, '\n', (size_t) (end - at)) + 1;

			write_line(at, (size_t) (next - at));
			at = next;
		}
		if (lost > 0)
			write_lost(lost);
		pthread_mutex_lock(&queue.lock);
	}
	queue.done = true;
	pthread_cond_signal(&queue.written);
	pthread_mutex_unlock(&queue.lock);
	return NULL;
}

/* The caller holds the lock. */
static void
count_lost(void)
{
	queue.lost++;
	atomic_fetch_add(&queue.lost_ever, 1);
}

static void
enqueue(const char *bytes, size_t length)
{
	pthread_mutex_lock(&queue.lock);
	if (length <= QUEUE_BYTES - queue.length)
	{
		memcpy(queue.block[queue.filling] + queue.length, bytes, length);
		queue.length += length;
	}
	else
		count_lost();
	pthread_cond_signal(&queue.filled);
	pthread_mutex_unlock(&queue.lock);
}

/* There was no memory for a line: the next one that is written says that it is missing. */
static void
lose_line(void)
{
	pthread_mutex_lock(&queue.lock);
	count_lost();
	pthread_mutex_unlock(&queue.lock);
}

void
nachet_log_start(void)
{
	nachet_clock_condition_init(&queue.written);
	if (pthread_create(&queue.thread, NULL, write_queue, NULL) == 0)
		atomic_store(&queue.running, true);
}

void
nachet_log_stop(void)
{
	struct timespec limit = nachet_clock_after(STOP_MS);
	int status = 0;

	if (!atomic_load(&queue.running))
		return;
	pthread_mutex_lock(&queue.lock);
	queue.stopping = true;
	pthread_cond_signal(&queue.filled);
	while (!queue.done && status != ETIMEDOUT)
		status = pthread_cond_timedwait(&queue.written, &queue.lock, &limit);
	pthread_mutex_unlock(&queue.lock);
	if (!queue.done)
		return; /* its thread still waits for a reader, and ends with the process */
	(void) pthread_join(queue.thread, NULL);
	atomic_store(&queue.running, false);
}

uint64_t
nachet_log_lost(void)
{
	return atomic_load(&queue.lost_ever);
}

void
nachet_log_line_end(NachetText *line)
{
	finish_line(line);
	if (line->failed)
		lose_line();
	else if (atomic_load(&queue.running))
		enqueue(line->bytes, line->length);
	else
		write_line(line->bytes, line->length);
	nachet_text_free(line);
}

static void __attribute__((format(printf, 2, 0)))
write_message(const char *level, const char *format, va_list args)
{
	char message[MESSAGE_BYTES];
	NachetText line;

	if (vsnprintf(message, sizeof(message), format, args) < 0)
		return;
	nachet_log_line_begin(&line, level);
	add_message(&line, message);
	nachet_log_line_end(&line);
}

void
nachet_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message("info", format, args);
	va_end(args);
}

void
nachet_log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_message("warning", format, args);
	va_end(args);
}
