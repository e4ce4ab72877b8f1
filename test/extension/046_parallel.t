#!/usr/bin/env perl
# test/extension/046_parallel.t: parallel workers read pictures and contents, from the database and
# from the object store, as one process does.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::ObjectStore ();
use Nachet::Test qw(jpeg png);
use Test::More;

my $objects = Nachet::ObjectStore->new('azure');
my $store = Nachet::Test->new;
$objects->use_by($store);
$store->create_role(reader => 'nachet_reader');
my $user = $store->user_id;
my $array = join ', ', map { q{'\x} . unpack('H*', $_ % 2 ? png(20, 9, "p $_") : jpeg("j $_", 20_000)) . q{'::bytea} } 1 .. 120;
$store->psql("SELECT nachet.upload_picture_set(ARRAY[$array], '$user', " . q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')}, role => 'importer');
# Workers alone compute; the planner is told that they are free.
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = off;';
my $serial = 'SET max_parallel_workers_per_gather = 0;';
$store->psql('GRANT nachet_importer TO reader');
my %queries = (
	picture_content => q{SELECT count(*) FILTER (WHERE sha256(nachet.picture_content(p.id)) = c.sha256), sum(length(nachet.picture_content(p.id))) FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id},
	content_read => q{SELECT count(*) FILTER (WHERE nachet.content_read(sha256, 0, byte_size) IS NOT NULL), sum(length(nachet.content_read(sha256, byte_size - 7, 100))) FROM nachet.content},
	missing_contents => q{SELECT count(*), sum(length(m)) FROM nachet.content c, nachet.missing_contents(ARRAY[c.sha256, sha256(c.sha256)]) m},
	content_facts => q{SELECT count(*), sum(f.byte_size) FROM nachet.content c, nachet.content_facts(ARRAY[c.sha256, sha256(c.sha256)]) f},
);

sub same_everywhere
{
	my ($where) = @_;
	for my $name (sort keys %queries)
	{
		my $alone = $store->psql("$serial $queries{$name}", role => 'reader');
		is($store->psql("$parallel $queries{$name}", role => 'reader'), $alone, "$where: $name is the same in workers");
		my $plan = $store->psql("$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $queries{$name}", role => 'reader');
		like($plan, qr/Workers Launched: [12]/, "$where, which have run it") or diag($plan);
	}
	return;
}
same_everywhere('in the database');
is($store->psql("$serial $queries{picture_content}", role => 'reader') =~ s/\|.*//r, 120, 'with the right bytes');
$store->psql('ALTER TABLE nachet.picture ENABLE ROW LEVEL SECURITY; CREATE POLICY thirds ON nachet.picture USING (name::integer % 3 = 0)');
same_everywhere('under a policy');
is($store->psql("$serial $queries{picture_content}", role => 'reader') =~ s/\|.*//r, 40, 'with the rows that it shows');
$store->psql('DROP POLICY thirds ON nachet.picture; ALTER TABLE nachet.picture DISABLE ROW LEVEL SECURITY');
is($store->psql('SELECT contents, failed FROM nachet.offload_contents()'), '120|0', 'all moves');
same_everywhere('in the object store');
is($store->sqlstate("SET lock_timeout = 0; $parallel SELECT sum(length(nachet.content_read(sha256, -1, 1))) FROM nachet.content", role => 'reader'), '22023', 'an error of a worker is the error of the query');
unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no worker crashed, and nothing leaked');

done_testing;
