#!/usr/bin/env perl
# test/extension/064_object_killed.t: a backend is killed outright at random moments of moving:
# every content stays readable, a rerun ends it.
#
# NACHET_TEST_ROUNDS says how often (4; NACHET_LONG=1: 50), NACHET_TEST_SEED repeats a run.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Session ();
use Nachet::Test qw(poll_until png tempdir tiff write_file);
use Test::More;
use Time::HiRes ();

my $kills = $ENV{NACHET_TEST_ROUNDS} // ($ENV{NACHET_LONG} ? 50 : 4);
my $seed = srand($ENV{NACHET_TEST_SEED} // time);
diag("NACHET_TEST_SEED=$seed NACHET_TEST_ROUNDS=$kills");

my $folder = tempdir();
write_file("$folder/$_.png", png(40, 40, "killed $_")) for 1 .. 60;
write_file("$folder/$_.tiff", tiff(5_500_000, "killed $_")) for 1 .. 2;

my $objects = Nachet::ObjectStore->new('azure');
my $store = Nachet::Test->new;
$objects->use_by($store);
$store->psql("ALTER DATABASE nachet SET nachet.object_store_part_size = '5MB'");
$store->run_load(@required, $folder);
my $right = 'SELECT count(*) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id'
	. ' WHERE sha256(nachet.picture_content(p.id)) = c.sha256';

# How long one run takes, so that the moments lie within it.
my $began = Time::HiRes::time();
is($store->psql('SELECT contents FROM nachet.offload_contents()'), 62, 'a run to its end');
my $taken = Time::HiRes::time() - $began;

my ($wrong, $interrupted) = (0, 0);
for my $kill (1 .. $kills)
{
	$store->psql('SELECT nachet.restore_contents()');
	my $session = Nachet::Session->new($store);
	$session->send('SELECT contents FROM nachet.offload_contents(20)');
	Time::HiRes::sleep(rand($taken / 2));
	kill 'KILL', $session->{backend};
	undef $session;
	poll_until(sub { ($store->psql_result('SELECT 1'))[0] == 0 }, 60) or die 'the server does not come back';
	$interrupted++ if $store->psql('SELECT store_contents FROM nachet.storage') == 0;
	$wrong++ if $store->psql($right) != 62;
	$wrong++ if $store->psql('SELECT count(*) FROM nachet.content c WHERE object_url IS NULL'
		. ' AND byte_size <> (SELECT coalesce(sum(octet_length(data)), 0) FROM nachet.content_chunk WHERE content_id = c.id)') != 0;
	$store->psql('SELECT nachet.offload_contents()');
	$wrong++ if $store->psql('SELECT database_contents FROM nachet.storage') != 0 || $store->psql($right) != 62;
}
is($wrong, 0, "$kills kills, $interrupted of them in the middle: every content was readable, and a rerun moved all");
ok(poll_until(sub { $store->psql('SELECT nachet.offload_contents()'); $store->psql('SELECT queued_deletions FROM nachet.storage') == 0 }, 60), 'the queue is worked off');
is(scalar(my @left = $objects->list), 62, 'and no object is left over');

done_testing;
