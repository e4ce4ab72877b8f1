#!/usr/bin/env perl
# test/crash/040_hindrances.t: no connection to be had, locks held by others, statements that are
# ended: waits, or a clear failure.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Http qw(count_of is_problem multipart post_body post_json);
use Nachet::Intact qw(is_intact);
use Nachet::Loader qw(@required hold let_go);
use Nachet::Session;
use Nachet::Test qw(poll_until start_command tiff write_file);
use Test::More;

my $store = Nachet::Test->new(set => { max_connections => 12, superuser_reserved_connections => 3 });
my $folder = $store->tempdir;
my $number = 0;

# The arguments of an import of new pictures.
sub fresh
{
	$number++;
	write_file("$folder/$number/$_.tif", tiff(50_000 + $_, "$number $_")) for 1 .. 60;
	return (@required, '--no-progress', "$folder/$number");
}

sub waits_for_lock
{
	return poll_until(sub {
		$store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'nachet-%' AND wait_event_type = 'Lock'") > 0 }, 60);
}

# --- connections ---------------------------------------------------------------------------------------
my @import = fresh();
my @sessions = map { Nachet::Session->new($store, 'importer') } 1 .. 7;
my ($status, $out, $err) = $store->run_load('-j', 8, @import);
is($status, 0, 'with fewer connections to be had than jobs, it imports') or diag($err);
push @sessions, map { Nachet::Session->new($store, 'importer') } 1 .. 2;
@import = fresh();
($status, $out, $err) = $store->run_load('--retries', 0, @import);
is($status, 4, 'with none to be had, the database can not be reached');
like($err, qr/too many clients|reserved/,
	'with none to be had, the database can not be reached: it says why');
@sessions = ();
($status, $out, $err) = $store->run_load(@import);
is($status, 0,
	'with none to be had, the database can not be reached: with room again, it imports') or diag($err);

# --- locks ---------------------------------------------------------------------------------------------
for my $table (qw(picture_set picture picture_seed content content_chunk users seed))
{
	@import = fresh();
	my $before = count_of($store);
	my $holder = hold($store, "nachet.$table");
	my $waiting = $store->start_load(@import);
	ok(waits_for_lock(), "nachet.$table is locked: the loader waits");
	my ($ended, undef, $why) = $store->run_load({ env => { PGOPTIONS => '-c lock_timeout=300ms' } }, '--retries', 0, @import);
	is($ended, 1, "nachet.$table is locked: or fails, if it is not to wait");
	like($why, qr/lock timeout/, "nachet.$table is locked: says why");
	let_go($holder);
	is($waiting->wait(120), 0,
		"nachet.$table is locked: it goes in when the lock is gone") or diag($waiting->err);
	my ($sets, $pictures) = split / /, $before;
	is(count_of($store), ($sets + 1) . ' ' . ($pictures + 60), "nachet.$table is locked: once");
	$waiting->forget;
}

# --- statements that are ended -------------------------------------------------------------------------
for my $milliseconds (1, 5, 20)
{
	@import = fresh();
	my $before = count_of($store);
	($status, $out, $err) = $store->run_load({ env => { PGOPTIONS => "-c statement_timeout=$milliseconds" } }, '--retries', 0, @import);
	SKIP:
	{
		skip "it was done within $milliseconds ms a statement", 2 if $status == 0;
		# PostgreSQL gives a timeout that strikes just as a statement ends for a user's request.
		like($err, qr/canceling statement due to (?:statement timeout|user request)/, "a statement_timeout of $milliseconds ms: it fails and says why");
		is(count_of($store), $before, "a statement_timeout of $milliseconds ms: nothing is there");
	}
	($status, $out, $err) = $store->run_load(@import);
	is($status, 0, 'without a statement_timeout, the same goes in') or diag($err);
}

# --- the service ---------------------------------------------------------------------------------------
my $http = $store->start_http(args => [ '--pool', 2, '--senders', 1, '--pool-wait', 1 ]);
my $form = '{"email": "someone@example.org"}';
my $holder = hold($store, 'nachet.users');
my @waiting = map { start_command('curl', '-s', '--noproxy', '*', '-d', $form, '-H', 'Content-Type: application/json', "$http->{url}/picture-form") } 1 .. 2;
ok(poll_until(sub {
	$store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-http' AND wait_event_type = 'Lock'") == 2 }, 60),
	'all connections of the service wait for a lock');
my $answer = post_json($http, $form);
is_problem($answer, 503, qr/busy/, 'the next request');
ok($answer->{headers}{'retry-after'}, 'the next request: with a time to try again');
let_go($holder);
for my $request (@waiting)
{
	is($request->wait(60), 0, 'one that waited is answered');
	like($request->out, qr/"user_id"/, 'one that waited is answered: rightly');
	$request->forget;
}
my $picture = multipart([ 'a.tif', tiff(10_000, 'after') ]);
is(post_body($http, $picture)->{status}, 201, 'the service goes on');

# Whoever ends its backends, it comes back by itself.
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nachet-http'");
is(post_json($http, $form)->{status}, 200, 'its backends were ended: the next request is served');
is_intact($store, 'all is intact');

done_testing;
