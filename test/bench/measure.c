/*
 * test/bench/measure.c
 *		Runs a command, and writes what it took.
 *
 *		measure RESULT COMMAND [ARGUMENT]...
 *
 * The file RESULT then holds one line: seconds from start to end, of processor time as user and as system,
 * and the peak memory in kB: of the one process among it and its waited-for children that took the most.
 * The exit status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

static double
seconds(struct timeval value)
{
	return (double) value.tv_sec + (double) value.tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec value;

	clock_gettime(CLOCK_MONOTONIC, &value);
	return (double) value.tv_sec + (double) value.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	double started;
	double ended;
	FILE *result;
	pid_t child;
	int status;

	if (argc < 3)
	{
		fputs("usage: measure RESULT COMMAND [ARGUMENT]...\n", stderr);
		return 2;
	}
	started = now();
	child = fork();
	if (child == 0)
	{
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
	{
		perror("measure");
		return 1;
	}
	ended = now();
	result = fopen(argv[1], "w");
	if (result == NULL ||
	    fprintf(result, "%.6f %.6f %.6f %ld\n", ended - started, seconds(usage.ru_utime),
	            seconds(usage.ru_stime), usage.ru_maxrss) < 0 ||
	    fclose(result) != 0)
	{
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
