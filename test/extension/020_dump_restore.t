#!/usr/bin/env perl
# test/extension/020_dump_restore.t: pg_dump takes everything along, and what is restored imports
# on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(bmp jpeg png run_command tempdir tiff write_file);
use Test::More;

my $store = Nachet::Test->new;
my $folder = tempdir();
my %env = $store->env;

# An object store at which nothing listens; a prefix is taken before anything waits to be moved.
my $credentials = write_file("$folder/credentials", "AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n");
my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;
chmod 0600, $credentials;
chown $owner, $group, $credentials if $> == 0;
my $offload = "SELECT nachet.chunk_size(); SET nachet.object_store = 's3://pictures'; SET nachet.object_store_credentials = '$credentials';"
	. " SET nachet.object_store_endpoint = 'http://127.0.0.1:1'; SET nachet.object_store_timeout = '100ms'; SELECT * FROM nachet.offload_contents()";
is($store->psql($offload), "8120\n0|0|0|0", 'a prefix in an object store is taken');
my $prefix = $store->psql('SELECT prefix FROM nachet.object_store');

my @pictures = (png(40, 30, 'one'), bmp(100, 100, 'two'), tiff(100_000, 'three'), jpeg('four'));
my $array = 'ARRAY[' . join(', ', map { "'\\x" . unpack('H*', $_) . "'" } @pictures) . ']::bytea[]';
my $upload = "SELECT nachet.upload_picture_set($array, '" . $store->user_id
	. q{', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')};
my $id = $store->psql($upload);
$store->psql("INSERT INTO nachet.picture_set (picture_set, owner_id) VALUES ('{}', '" . $store->user_id . "')");
$store->psql("INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) SELECT '{}', id, 1 FROM nachet.picture_set WHERE digest IS NULL");
$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'no picture, and no set has it')");
$store->psql("UPDATE nachet.users SET default_set_id = '$id'");

# Folders that come in at once.
my @loads = map {
	my $n = $_;
	write_file("$folder/in $n/$_.png", png(40, 50, "concurrent $_ of " . ($_ < 10 ? 'all' : $n))) for 1 .. 30;
	$store->start_load(@required, "$folder/in $n");
} 1 .. 3;
is($_->wait(120), 0, 'an import beside others') for @loads;

# Everything there is, as one text.
my $everything = join ";\n", map { "SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM nachet.$_ t" }
	qw(users object_type seed picture_set picture picture_seed content content_chunk);
$everything .= ";\nSELECT last_value FROM nachet.content_id_seq;\nSELECT p.oid::regprocedure, proacl, proowner::regrole"
	. " FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace ORDER BY p.oid::regprocedure::text;"
	. " SELECT relname, relacl::text, relowner::regrole FROM pg_class WHERE relnamespace = 'nachet'::regnamespace ORDER BY 1;"
	. " SELECT nspacl FROM pg_namespace WHERE nspname = 'nachet'";
$everything .= "; SELECT evtname, evtevent, evttags, evtenabled, evtfoid::regproc FROM pg_event_trigger";
my $before = $store->psql($everything);

sub command
{
	my @command = @_;
	my %more = ref $command[0] ? %{ shift @command } : ();
	my ($status, $out, $err) = run_command({ env => { %env, %more } }, @command);
	is($status, 0, "@command[0, 1]") or diag($err);
	return;
}

my %ways = (
	'pg_dump | psql' => sub {
		command('pg_dump', '-f', "$folder/plain.sql", 'nachet');
		command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$folder/plain.sql", $_[0]);
	},
	'pg_dump --inserts' => sub {
		command('pg_dump', '--inserts', '-f', "$folder/inserts.sql", 'nachet');
		command('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$folder/inserts.sql", $_[0]);
	},
	'pg_restore' => sub {
		command('pg_dump', '-Fc', '-f', "$folder/custom", 'nachet');
		command('pg_restore', '-e', '-d', $_[0], "$folder/custom");
	},
	# The tables' foreign keys stand before their rows come, and pg_restore -j brings them in any order.
	'pg_restore -j 4' => sub {
		command('pg_dump', '-Fd', '-j', '4', '-f', "$folder/directory", 'nachet');
		command({ PGOPTIONS => '-c session_replication_role=replica' },
			'pg_restore', '-e', '-j', '4', '-d', $_[0], "$folder/directory");
	},
);
# Over a datastore that is there: --clean drops it, which has to be meant.
$ways{'pg_restore --clean'} = sub {
	my ($db) = @_;
	$store->psql('CREATE EXTENSION nachet_datastore', db => $db);
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'what was there before')", db => $db);
	command('pg_dump', '-Fc', '-f', "$folder/clean", 'nachet');
	my ($status, undef, $err) = run_command({ env => \%env }, 'pg_restore', '-e', '--clean', '--if-exists', '-d', $db, "$folder/clean");
	isnt($status, 0, 'pg_restore --clean does not drop what is stored');
	like($err, qr/nachet\.allow_drop/, 'and says what allows it');
	command({ PGOPTIONS => '-c nachet.allow_drop=on' }, 'pg_restore', '-e', '--clean', '--if-exists', '-d', $db, "$folder/clean");
};
# The setting that -j needs does not let --clean drop what is stored.
$ways{'pg_restore --clean -j 4'} = sub {
	my ($db) = @_;
	my @restore = ('pg_restore', '-e', '--clean', '--if-exists', '-j', '4', '-d', $db, "$folder/clean directory");
	my $replica = '-c session_replication_role=replica';
	$store->psql('CREATE EXTENSION nachet_datastore', db => $db);
	$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'what was there before')", db => $db);
	command('pg_dump', '-Fd', '-j', '4', '-f', "$folder/clean directory", 'nachet');
	my ($status, undef, $err) = run_command({ env => { %env, PGOPTIONS => $replica } }, @restore);
	isnt($status, 0, 'pg_restore --clean -j 4 does not drop what is stored');
	like($err, qr/nachet\.allow_drop/, 'and says what allows it');
	is($store->psql('SELECT count(*) FROM nachet.content', db => $db), 1, 'it is still there');
	command({ PGOPTIONS => "$replica -c nachet.allow_drop=on" }, @restore);
};
my $number = 0;
for my $way (sort keys %ways)
{
	subtest $way => sub {
		my $db = 'restored_' . ++$number;
		$store->psql("CREATE DATABASE $db TEMPLATE template0", db => 'postgres');
		$ways{$way}->($db);
		is($store->psql($everything, db => $db), $before, 'every row, id, sequence and privilege is there');
		is($store->psql('SELECT count(*) FROM nachet.picture WHERE sha256(nachet.picture_content(id))'
				. " = decode(picture -> 'quality_check' ->> 'image_checksum', 'hex')", db => $db), 94, 'every byte is right');
		is($store->psql('SELECT count(*) FROM nachet.verify_contents()', db => $db), 0, 'nothing is damaged');
		like(($store->psql_result($offload, db => $db))[2], qr/objects under prefix "$prefix" may belong to another database\nDETAIL:  The prefix was created by another database of this cluster/,
			'it moves nothing under a prefix that is in use');
		is($store->psql('SELECT nachet.adopt_object_store()', db => $db), $prefix, 'it can adopt the objects');
		is($store->sqlstate($offload, db => $db), 'NC008', 'and then moves, as far as the store answers');
		is($store->psql($upload, db => $db), $id, 'the same set is known');
		my $new = $store->psql($upload =~ s/"nb_seeds": 5/"nb_seeds": 6/r, db => $db);
		isnt($new, $id, 'another can be made');
		is($store->psql('SELECT count(*) FROM nachet.picture p LEFT JOIN nachet.picture_set s ON s.id = p.picture_set_id'
				. ' LEFT JOIN nachet.content c ON c.id = p.content_id'
				. ' WHERE s.id IS NULL OR (c.id IS NULL AND p.content_id IS NOT NULL)', db => $db), 0, 'no row refers to nothing');
		$store->psql("INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'new bytes')", db => $db);
		is($store->psql("SELECT count(*) FROM nachet.content WHERE sha256 = sha256('new bytes')", db => $db), 1, 'new bytes can be stored');
	};
}

# What is dumped while imports go on is whole.
subtest 'a dump beside imports' => sub {
	my @busy = map {
		my $n = $_;
		write_file("$folder/busy $n/$_.png", png(60, 70, "busy $n $_")) for 1 .. 200;
		$store->start_load(@required, "$folder/busy $n");
	} 1 .. 2;
	command('pg_dump', '-Fd', '-j', '4', '-f', "$folder/busy", 'nachet');
	is($_->wait(120), 0, 'an import goes on') for @busy;
	$store->psql('CREATE DATABASE busy TEMPLATE template0', db => 'postgres');
	command({ PGOPTIONS => '-c session_replication_role=replica' }, 'pg_restore', '-e', '-j', '4', '-d', 'busy', "$folder/busy");
	is($store->psql('SELECT count(*) FROM nachet.verify_contents()', db => 'busy'), 0, 'nothing is damaged');
	is($store->psql("SELECT count(*) FROM nachet.picture_set s WHERE digest IS NOT NULL AND (picture_set -> 'image_data_picture_set'"
			. " ->> 'number_of_images')::int <> (SELECT count(*) FROM nachet.picture WHERE picture_set_id = s.id)", db => 'busy'), 0, 'every set is whole');
};

done_testing;
