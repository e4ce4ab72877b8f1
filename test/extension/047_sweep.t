#!/usr/bin/env perl
# test/extension/047_sweep.t: sweeping much: in slices that are committed one by one, in bounded
# memory.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Intact qw(is_intact);
use Nachet::Memory qw(peak);
use Nachet::Session;
use Nachet::Test qw(png poll_until);
use Test::More;

# Shared buffers count as memory of whoever has touched them.
my $store = Nachet::Test->new(set => { shared_buffers => '2MB' });
$store->create_role(admin => 'nachet_admin');
my $user = $store->user_id;
my $kept = $store->psql("SELECT nachet.upload_picture_set(ARRAY['\\x" . unpack('H*', png(5, 5, 'kept')) . "'::bytea], '$user', "
		. q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')}, role => 'importer');
my $left = 'SELECT count(*) FROM nachet.content c WHERE NOT EXISTS (SELECT FROM nachet.picture WHERE content_id = c.id)';

# That many contents of no picture, stored as an importer stores them.
sub leave_over
{
	my ($count, $seed) = @_;
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, convert_to('$seed ' || n, 'UTF8') FROM generate_series(1, $count) n", role => 'importer');
	return;
}

subtest 'in slices' => sub {
	leave_over(2_500, 'slice');
	is($store->psql(q{CALL nachet.sweep_all('1 hour')}, role => 'admin'), '0|0', 'what is young is not swept');
	my $third = $store->psql("$left; SELECT id FROM nachet.content ORDER BY id DESC OFFSET 200 LIMIT 1") =~ s/\A2500\n//r;
	# Whoever deletes this content waits.
	$store->psql(<<"SQL");
CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN OLD; END';
CREATE TRIGGER wait BEFORE DELETE ON nachet.content FOR EACH ROW WHEN (OLD.id = $third) EXECUTE FUNCTION public.wait();
SQL
	my ($gate, $admin, $importer) = map { Nachet::Session->new($store, $_) } undef, 'admin', 'importer';
	$gate->run('SELECT pg_advisory_lock(7)');
	$admin->send(q{CALL nachet.sweep_all('-1 hour')});
	ok($admin->waits, 'a sweep is in its third slice');
	is($store->psql($left), 500, 'a sweep is in its third slice: has committed the first two');
	is($importer->run(q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'slice 7')}), '',
		'a sweep is in its third slice: whose bytes can be stored again at once');
	$importer->send(q{INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'slice 2499')});
	ok($importer->waits, 'those of the slice under way wait for it');
	$gate->run('SELECT pg_advisory_unlock(7)');
	is($importer->answer, '', 'those of the slice under way wait for it: are stored');
	like($admin->answer, qr/\A2500\|\d+\z/, 'it says how many it has removed in all');
	is($store->psql($left), 2, 'what was stored since is left');
	$store->psql('DROP TRIGGER wait ON nachet.content');
	is($admin->run(q{CALL nachet.sweep_all('-1 hour')}), '2|17', 'the next sweep takes it');
	is($admin->run(q{CALL nachet.sweep_all('-1 hour')}), '0|0', 'one with nothing to do says so');
	is($store->psql("SELECT count(nachet.picture_content(id)) FROM nachet.picture WHERE picture_set_id = '$kept'"), 1, 'what a set has stays');
	is_intact($store, 'all is intact');
};

subtest 'broken off' => sub {
	leave_over(2_500, 'broken');
	my $middle = $store->psql('SELECT id FROM nachet.content ORDER BY id DESC OFFSET 900 LIMIT 1');
	$store->psql(<<"SQL");
CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE division_by_zero; END';
CREATE TRIGGER stop BEFORE DELETE ON nachet.content FOR EACH ROW WHEN (OLD.id = $middle) EXECUTE FUNCTION public.stop();
SQL
	is($store->sqlstate(q{CALL nachet.sweep_all('-1 hour')}, role => 'admin'), '22012', 'a sweep ends by an error in its second slice');
	is($store->psql($left), 1_500,
		'a sweep ends by an error in its second slice: keeps what it has committed');
	$store->psql('DROP TRIGGER stop ON nachet.content');
	like($store->psql(q{CALL nachet.sweep_all('-1 hour')}, role => 'admin'), qr/\A1500\|/, 'the next one removes the rest');
	is($store->sqlstate(q{CALL nachet.sweep_all(NULL)}, role => 'admin'), '22004', 'NULL is no age');
	is($store->sqlstate(q{BEGIN; CALL nachet.sweep_all('1 day')}, role => 'admin'), '25001', 'it needs transactions of its own');
	is($store->sqlstate(q{CALL nachet.sweep_all('1 day')}, role => 'importer'), '42501', 'it is for administrators');
};

subtest 'what is left in the indexes' => sub {
	leave_over(5_000, 'gone');
	$store->psql(q{DELETE FROM nachet.content c USING generate_series(1, 5000) n WHERE n % 3 > 0 AND c.sha256 = sha256(convert_to('gone ' || n, 'UTF8'))});
	my $facts = q{SELECT count(*), count(code) FROM nachet.content_facts((SELECT array_agg(sha256(convert_to('gone ' || n, 'UTF8'))) FROM generate_series(1, 5000) n))};
	is($store->psql($facts, role => 'importer'), '1666|1666', "entries of rows that are gone do not disturb looking for others, time $_") for 1, 2;
	$store->psql(q{SELECT nachet.sweep_contents('-1 hour'); DELETE FROM nachet.content_chunk k WHERE NOT EXISTS (SELECT FROM nachet.content WHERE id = k.content_id)});
};

subtest 'memory' => sub {
	for my $sweep (q{SELECT contents FROM nachet.sweep_contents('-1 hour')}, q{CALL nachet.sweep_all('-1 hour')})
	{
		my $admin = Nachet::Session->new($store, 'admin');
		leave_over(3_000, 'warm');
		like($admin->run($sweep), qr/\A3000\b/, "$sweep: a few batches");
		my $before = peak($admin->{backend});
		leave_over(60_000, 'many');
		like($admin->run($sweep), qr/\A60000\b/, "$sweep: twenty times as many");
		my $rise = peak($admin->{backend}) - $before;
		note("the backend's peak rose by $rise kB");
		# Each batch of 1,000 left 118 kB behind. What the server itself remembers of 60,000 deletions stays below.
		cmp_ok($rise, '<', 3 * 1024, "$sweep: take no more memory");
	}
	is_intact($store, 'all is intact');
};

unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;
