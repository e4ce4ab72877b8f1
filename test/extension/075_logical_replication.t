#!/usr/bin/env perl
# test/extension/075_logical_replication.t: a subscriber has every set, byte and digest, and takes
# over as the documents say.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(bmp png poll_until);
use Test::More;

my %set = (wal_level => 'logical', max_wal_senders => 10, max_replication_slots => 10, max_logical_replication_workers => 8, wal_retrieve_retry_interval => '100ms');
my $publisher = Nachet::Test->new(set => \%set);
my $subscriber = Nachet::Test->new(set => \%set, seeds => 0, user => 0);
my $user = $publisher->user_id;
my @published = qw(users seed picture_set content content_chunk picture picture_seed);
my $data = sub { return qq('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": $_[0]}') };
my @pictures = map { unpack 'H*', $_ } png(40, 30, 'one'), bmp(100, 100, 'two');
sub import_set
{
	my ($where, $nb, $role) = @_;
	my $array = join ', ', map { "'\\x$_'" } @pictures, unpack 'H*', png(9, 9, "of $nb");
	return $where->psql("SELECT nachet.upload_picture_set(ARRAY[$array]::bytea[], '$user', " . $data->($nb) . ')', role => $role // 'importer');
}
# Everything there is, as one text.
my $everything = join ";\n", map { "SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM nachet.$_ t" } @published;
sub follows
{
	my $lsn = $publisher->psql('SELECT pg_current_wal_insert_lsn()');
	my $caught_up = poll_until(sub { $subscriber->psql("SELECT count(*) FROM pg_stat_subscription WHERE relid IS NULL AND latest_end_lsn >= '$lsn'") eq '1'
			&& $subscriber->psql("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") eq '0' }, 60);
	ok($caught_up, 'the subscriber follows') or diag($subscriber->log);
	return $caught_up;
}
sub subscribe
{
	my ($publication) = @_;
	my $conninfo = $publisher->conninfo('postgres') =~ s/'/''/gr;
	$subscriber->psql("CREATE SUBSCRIPTION s CONNECTION '$conninfo' PUBLICATION $publication");
	return follows();
}

my $first = import_set($publisher, 1);
my $changed = import_set($publisher, 2);
$publisher->psql("UPDATE nachet.picture SET nb_obj = 9 WHERE picture_set_id = '$changed'; UPDATE nachet.users SET default_set_id = '$first'");

subtest 'the tables that hold what users have brought' => sub {
	$publisher->psql('CREATE PUBLICATION p FOR TABLE ' . join ', ', map { "nachet.$_" } @published);
	subscribe('p') or return;
	is($subscriber->psql($everything), $publisher->psql($everything), 'all is there');
	my $second = import_set($publisher, 3);
	my $gone = import_set($publisher, 4);
	$publisher->psql("SELECT nachet.delete_picture_set('$gone'); SELECT nachet.register_seed('Zea mays')");
	$publisher->psql("UPDATE nachet.picture SET verified = true; DELETE FROM nachet.picture WHERE name = '1' AND picture_set_id = '$changed'");
	follows();
	is($subscriber->psql($everything), $publisher->psql($everything), 'and what comes is, and what goes is not');
	is($subscriber->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'nothing is damaged');
	is($subscriber->psql("SELECT count(*) FROM nachet.picture_set WHERE digest IS NOT NULL"), 2, 'digests hold: no trigger has cleared them');
};

subtest 'the subscriber takes over' => sub {
	$subscriber->psql('DROP SUBSCRIPTION s');
	is($subscriber->psql("SELECT last_value FROM nachet.content_id_seq"), 1, 'a sequence is not replicated');
	$subscriber->psql(q{SELECT setval('nachet.content_id_seq', (SELECT max(id) FROM nachet.content))});
	is(import_set($subscriber, 1), $first, 'it knows the sets from before');
	my $new = import_set($subscriber, 5);
	like($new, qr/^[0-9a-f-]{36}$/, 'and imports on');
	is($subscriber->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'nothing is damaged');
	is($subscriber->psql('SELECT count(*) FROM nachet.picture p WHERE nachet.picture_content(id) IS NULL'), 0, 'every picture has its bytes');
};

subtest 'all tables' => sub {
	$subscriber->psql('SET nachet.allow_drop = on; DROP EXTENSION nachet_datastore; CREATE EXTENSION nachet_datastore');
	$publisher->psql("DROP PUBLICATION p; CREATE PUBLICATION everything FOR ALL TABLES; INSERT INTO nachet.object_type VALUES (7, 'leaf')");
	subscribe('everything') or return;
	is($subscriber->psql($everything), $publisher->psql($everything), 'all is there');
	is($subscriber->psql('SELECT id, name FROM nachet.object_type ORDER BY 1'), "1|seed\n7|leaf", 'object types too, each once');
	# What verify_all has found goes with its run: a row that is deleted without a key.
	$publisher->psql("DELETE FROM nachet.content_chunk WHERE content_id = (SELECT content_id FROM nachet.picture WHERE picture_set_id = '$first' AND name = '3') RETURNING content_id");
	is($publisher->sqlstate('CALL nachet.verify_all()'), '', 'verify_all runs');
	is($publisher->psql('SELECT count(*) FROM nachet.verify_finding'), 1, 'verify_all runs: finds damage');
	is($publisher->sqlstate('DELETE FROM nachet.verify_run'), '',
		'verify_all runs, which is deleted with its run');
	follows();
	is($subscriber->psql('SELECT count(*) FROM nachet.verify_finding'), 0,
		'verify_all runs: at the subscriber too');
};

done_testing;
