#!/usr/bin/env perl
# test/extension/070_replication.t: a standby reads and, promoted, imports; a recovery to a moment
# has the sets of that moment.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(png poll_until tempdir tiff write_file);
use Test::More;

my $archive = tempdir() . '/wal';
mkdir $archive or die "$archive: $!";
chmod 0777, $archive;
my $store = Nachet::Test->new(set => {
	wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_command => "cp %p $archive/%f" });
my $folder = $store->tempdir;

# An object store at which nothing listens; a prefix is taken before anything waits to be moved.
my $credentials = write_file(tempdir() . '/credentials', "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n");
my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;
chmod 0600, $credentials;
chown $owner, $group, $credentials if $> == 0;
my %settings = (object_store => 's3://pictures', object_store_credentials => $credentials, object_store_endpoint => 'http://127.0.0.1:1', object_store_timeout => '100ms');
$store->psql("ALTER DATABASE nachet SET nachet.$_ = '$settings{$_}'") for keys %settings;
is($store->psql('SELECT * FROM nachet.offload_contents()'), '0|0|0|0', 'a prefix in an object store is taken');
my $prefix = $store->psql('SELECT prefix FROM nachet.object_store');

# One that has become another timeline moves nothing before it is said which it is.
sub adopts
{
	my ($where) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my (undef, undef, $err) = $where->psql_result("\\set VERBOSITY verbose\nSELECT nachet.offload_contents()");
	like($err, qr/ERROR:  55000: objects under prefix "$prefix" may belong to another database\nDETAIL:  The prefix was created by this database on an earlier timeline.*\nHINT:.*adopt_object_store/, 'it moves nothing under a prefix that may be in use');
	is($where->psql('SELECT nachet.adopt_object_store()'), $prefix, 'it can adopt the objects');
	return is($where->sqlstate('SELECT nachet.offload_contents()'), 'NC008', 'and then moves, as far as the store answers');
}

# Imports a folder of pictures; returns the set's id.
sub import_set
{
	my ($where, $name, $count) = @_;
	write_file("$folder/$name/$_.png", png(30 + $_, 60, "$name $_")) for 1 .. $count;
	write_file("$folder/$name/large.tif", tiff(300_000, $name));
	my ($status, $out, $err) = $where->run_load(@required, "$folder/$name");
	is($status, 0, "$name is imported") or diag($err);
	chomp $out;
	return $out;
}
sub sets { return $_[0]->psql('SELECT string_agg(id::text, chr(10) ORDER BY id) FROM nachet.picture_set') }
my $right = q{SELECT count(*) FROM nachet.picture WHERE sha256(nachet.picture_content(id)) = decode(picture -> 'quality_check' ->> 'image_checksum', 'hex')};
my $damage = 'SELECT count(*) FROM nachet.verify_contents()';

my $first = import_set($store, 'first', 20);
my $backup = $store->base_backup(start => 0, recover => {
	restore_command => "cp $archive/%f %p", recovery_target_name => 'between', recovery_target_action => 'promote', archive_mode => 'off' });
my $standby = $store->base_backup(standby => 1);
my $second = import_set($store, 'second', 20);
$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'bytes whose set comes after the moment')", role => 'importer');
$store->psql("SELECT pg_create_restore_point('between')");
my $third = import_set($store, 'third', 20);
$store->psql("SELECT nachet.delete_picture_set('$first')");

subtest 'a standby' => sub {
	my $lsn = $store->psql('SELECT pg_current_wal_flush_lsn()');
	ok(poll_until(sub { $standby->psql("SELECT pg_last_wal_replay_lsn() >= '$lsn'") eq 't' }, 60), 'follows');
	is(sets($standby), sets($store), 'it has the sets');
	is($standby->psql($right), 42, 'and serves every byte');
	is($standby->psql($damage), 0, 'what it has can be verified there');
	is($standby->psql("SELECT count(*) FROM nachet.missing_contents(ARRAY[sha256('none')])", role => 'importer'), 1, 'it answers what is missing');
	is($standby->psql('SELECT count(*) > 10 FROM nachet.get_all_seeds_names()', role => 'importer'), 't', 'and what the form needs');
	is($standby->sqlstate("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'x')", role => 'importer'), '25006', 'it takes no bytes');
	is($standby->sqlstate("SELECT nachet.upload_picture_set(ARRAY['x'], ARRAY[sha256('x')], '" . $store->user_id
			. q{', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')}, role => 'importer'), '25006', 'nor sets');
	is($standby->sqlstate('CALL nachet.verify_all()'), '25006', 'nor runs of verify_all');
	is($standby->sqlstate("SELECT nachet.$_()"), '25006', "nor $_") for qw(offload_contents adopt_object_store renew_object_store_prefix);
	$store->stop('immediate');
	is($standby->psql('SELECT pg_promote()'), 't', 'it is promoted as the primary dies');
	is($standby->psql($right), 42, 'all is there');
	my $before = sets($standby);
	my $fourth = import_set($standby, 'fourth', 20);
	is(sets($standby), "$before\n$fourth", 'it imports on');
	is(import_set($standby, 'third', 20), $third, 'and knows the sets from before');
	is($standby->psql($damage), 0, 'nothing is damaged');
	adopts($standby);
	$store->start;
};

subtest 'a moment between two sets' => sub {
	my $name = $store->psql('SELECT pg_walfile_name(pg_switch_wal())');
	ok(poll_until(sub { $store->psql("SELECT last_archived_wal >= '$name' FROM pg_stat_archiver") eq 't' }, 60), 'what came after it is archived');
	$backup->start;
	ok(poll_until(sub { $backup->psql('SELECT NOT pg_is_in_recovery()') eq 't' }, 60), 'a backup is recovered to it');
	is(sets($backup), join("\n", sort $first, $second), 'it has exactly the sets of that moment');
	is($backup->psql($right), 42, 'with every byte');
	is($backup->psql($damage), 0, 'and nothing damaged');
	is($backup->psql("SELECT count(*) FROM nachet.content WHERE sha256 = sha256('bytes whose set comes after the moment')"), 1,
		'bytes that had come by then are there');
	isnt(import_set($backup, 'third', 20), '', 'it imports on');
	is($backup->psql($damage), 0, 'and is whole');
	adopts($backup);
};

done_testing;
