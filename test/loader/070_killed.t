#!/usr/bin/env perl
# test/loader/070_killed.t: kill -9 at any moment, of the loader or of the server: one set, whole,
# that an unbroken import would have made too.
#
# The moments are random: NACHET_TEST_SEED repeats a run's (timing permitting), NACHET_TEST_ROUNDS sets how often each is
# killed, NACHET_TEST_PICTURES how many pictures there are.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required set_files);
use Nachet::Test qw(tiff gif write_file sha256 poll_until);
use Test::More;
use Time::HiRes ();

my $rounds = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 50 : 3);
my $pictures = $ENV{NACHET_TEST_PICTURES} // 600;
my $seed = $ENV{NACHET_TEST_SEED} // int rand 2**31;
srand $seed;
diag("NACHET_TEST_SEED=$seed NACHET_TEST_ROUNDS=$rounds NACHET_TEST_PICTURES=$pictures");

my $store = Nachet::Test->new;
my $folder = $store->tempdir . '/pictures';
my %digest;
for my $i (1 .. $pictures)
{
	my $bytes = $i % 100 == 0 ? tiff(12_000_000, "large $i") : $i % 10 == 1 ? gif("small " . int $i / 20) : tiff(60_000 + $i, $i);
	my $name = sprintf '%d/%04d.tif', $i % 7, $i;
	write_file("$folder/$name", $bytes);
	$digest{$name} = sha256($bytes);
}
my %distinct = map { $_ => 1 } values %digest;

sub count_rows { my ($table) = @_; return $store->psql("SELECT count(*) FROM nachet.$table") }

sub set_digest { my ($id) = @_; return $store->psql("SELECT encode(digest, 'hex') FROM nachet.picture_set WHERE id = '$id'") }

# Every byte of the set; and nothing else in the datastore.
sub check_whole
{
	my ($id, $what) = @_;
	is_deeply(set_files($store, $id), \%digest, "$what: every picture is there with every byte");
	is(count_rows('picture_set'), 1, "$what: in the one set");
	is(count_rows('picture'), $pictures, "$what: in no other");
	is($store->psql('SELECT count(*) || \' \' || count(DISTINCT sha256) FROM nachet.content'),
		keys(%distinct) . ' ' . keys %distinct, "$what: each content once");
	is($store->psql('SELECT count(*) FROM nachet.content_chunk k WHERE NOT EXISTS
		(SELECT FROM nachet.content c WHERE c.id = k.content_id)'), 0, "$what: no chunk beside them");
}

sub delete_set
{
	my ($id, $what) = @_;
	$store->psql("SELECT nachet.delete_picture_set('$id')");
	is($store->psql("SELECT contents FROM nachet.sweep_contents('0 s')"), 0,
		"$what: once its set is deleted, nothing is left to be swept");
	is($store->psql('SELECT (SELECT count(*) FROM nachet.content) + (SELECT count(*) FROM nachet.content_chunk)'), 0,
		"$what: deleting its set leaves nothing");
}

# How long an unbroken import takes, and which digest it gives.
my $started = Time::HiRes::time();
my ($status, $out, $err) = $store->run_load(@required, $folder);
my $duration = Time::HiRes::time() - $started;
is($status, 0, 'unbroken') or diag($err);
chomp $out;
my $unbroken = set_digest($out);
check_whole($out, 'unbroken');
delete_set($out);
diag(sprintf 'an unbroken import takes %.2f s', $duration);

# A moment of the import, also a little before its first and after its last act; or the program's end, where that is first.
sub wait_for_moment
{
	my ($loader) = @_;
	my $moment = Time::HiRes::time() + rand(1.1 * $duration);
	poll_until(sub { Time::HiRes::time() >= $moment || !$loader->is_running }, 600);
	return;
}

my $resumed = 0;
for my $round (1 .. $rounds)
{
	my $loader = $store->start_load(@required, $folder);
	wait_for_moment($loader);
	my $ended = !$loader->is_running;
	$loader->signal('KILL');
	$loader->wait(60);
	like($store->psql("SELECT (SELECT count(*) FROM nachet.picture_set) || ' ' || (SELECT count(*) FROM nachet.picture)"),
		qr/\A(?:0 0|1 $pictures)\z/, "round $round: the loader is killed" . ($ended ? ' (too late)' : '') . ', no set is there or a whole one');
	my $after = $store->psql('SELECT count(*) FROM nachet.content');
	($status, $out, $err) = $store->run_load(@required, $folder);
	is($status, 0,
		"round $round: running it again completes it ($after contents were visible)") or diag($err);
	$resumed++ if $err !~ /; sent 0,/ && $after > 0;
	my ($third, $id, $words) = $store->run_load(@required, $folder);
	is($id, $out, "round $round: a third run gives the same id");
	like($words, qr/; sent 0,/, "round $round: a third run sends nothing");
	chomp $id;
	is(set_digest($id), $unbroken,
		"round $round: the digest is that of an unbroken import");
	check_whole($id, "round $round, killed loader");
	delete_set($id, "round $round, killed loader");
}
diag("$resumed of $rounds killed imports were resumed in their middle");

my $retried = 0;
for my $round (1 .. $rounds)
{
	my $loader = $store->start_load(@required, $folder);
	# A server that nobody has reached yet is not waited for: that would be a wrong address.
	poll_until(sub { !$loader->is_running
		|| $store->psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nachet-load' AND query <> ''") > 0 }, 60);
	wait_for_moment($loader);
	my $ended = !$loader->is_running;
	kill 'KILL', $store->server_pid or die 'no server';
	$store->start;
	is($loader->wait(300), 0, "server round $round: its import goes on after a crash" . ($ended ? ' (which came too late)' : ''))
		or diag($loader->err);
	my $id = $loader->out;
	like($id, qr/\A[0-9a-f-]{36}\n\z/, "server round $round: one id");
	$retried++ if $loader->err =~ /no connection: .*retrying/;
	my ($third, $again, $words) = $store->run_load(@required, $folder);
	is($again, $id, "server round $round: another run gives the same id");
	like($words, qr/; sent 0,/, "server round $round: another run sends nothing");
	chomp $id;
	is(set_digest($id), $unbroken,
		"server round $round: the digest is that of an unbroken import");
	check_whole($id, "round $round, killed server");
	delete_set($id, "round $round, killed server");
}
diag("$retried of $rounds imports lost the server and tried again");

done_testing;
