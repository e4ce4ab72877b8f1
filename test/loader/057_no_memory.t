# libpq that has no memory for the answer to a COPY waits for bytes that never come, because the server waits too: the loader
# looks again, and goes on.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(gif write_file slurp run_command);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;
write_file("$work/pictures/$_.gif", gif($_)) for 1 .. 5;

# The first results of a COPY that begins get no memory.
write_file("$work/fault.c", <<'END_C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <libpq-fe.h>

PGresult *
PQmakeEmptyPGresult(PGconn *connection, ExecStatusType status)
{
	static atomic_int failures;
	PGresult *(*real)(PGconn *, ExecStatusType) =
	    (PGresult * (*) (PGconn *, ExecStatusType)) dlsym(RTLD_NEXT, "PQmakeEmptyPGresult");

	if (status == PGRES_COPY_IN && atomic_fetch_add(&failures, 1) < 3)
	{
		FILE *note = fopen(getenv("FAULT_NOTE"), "a");

		fputs("no memory\n", note);
		fclose(note);
		return NULL;
	}
	return real(connection, status);
}
END_C
my ($status, $out, $err) = run_command('sh', '-c', 'exec "$@" $(pkg-config --cflags libpq)', 'sh', $ENV{CC} // 'cc', '-shared', '-fPIC',
	'-o', "$work/fault.so", "$work/fault.c", '-ldl');
die "fault.c: $err" if $status != 0;

($status, $out, $err) = run_command({ timeout => 60, env => { $store->env('importer'), LD_PRELOAD => "$work/fault.so",
			FAULT_NOTE => "$work/note", ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0') } },
	$store->nachet_load, '--email', 'someone@example.org', '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5, "$work/pictures");
plan skip_all => 'this libpq can not be hindered' if !-e "$work/note";
is($status, 0, 'an import goes on when there is memory again') or diag($err);
is(slurp("$work/note"), "no memory\n" x 3, '... which there was not');
is($store->psql('SELECT count(*) FROM nachet.picture'), 5, '... with all pictures');

done_testing;
