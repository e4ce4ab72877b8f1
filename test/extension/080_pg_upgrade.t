#!/usr/bin/env perl
# test/extension/080_pg_upgrade.t: pg_upgrade takes everything along, as files.
#
# It goes to the server that the extension is built for: from the same one, and from each older one beside it, as Debian lays
# them out, where this source is installed too (make PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config clean all install).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(png write_file);
use Test::More;

sub config { my ($pg_config, $item) = @_; chomp(my $value = qx('$pg_config' $item)); return $value }
sub major { return config($_[0], '--version') =~ /(\d+)/ ? $1 : die "$_[0] tells no version" }

my $ours = $ENV{PG_CONFIG} // 'pg_config';
my $bindir = config($ours, '--bindir');
my @older = grep { major($_) < major($ours) && -e config($_, '--pkglibdir') . '/nachet_datastore.so' } glob "$bindir/../../*/bin/pg_config";

# What differs between servers and not between datastores is left out: PostgreSQL 17 added m, MAINTAIN, to all that an owner may
# do, and made the tables' row types members of the extension too.
my $everything = join(";\n", map { "SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM nachet.$_ t" }
	qw(users object_type seed picture_set picture picture_seed content content_chunk verify_run))
	. ";\nSELECT last_value FROM nachet.content_id_seq;\nSELECT p.oid::regprocedure, proacl, proowner::regrole"
	. " FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace ORDER BY p.oid::regprocedure::text;"
	. " SELECT relname, replace(relacl::text, '=arwdDxtm/', '=arwdDxt/'), relowner::regrole"
	. "  FROM pg_class WHERE relnamespace = 'nachet'::regnamespace ORDER BY 1;"
	. " SELECT evtname, evtevent, evttags, evtfoid::regproc FROM pg_event_trigger;"
	. " SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'"
	. "  AND classid <> 'pg_type'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'nachet_datastore') ORDER BY 1;"
	. " SELECT array_agg(c::regclass ORDER BY c::regclass::text) FROM pg_extension, unnest(extconfig) c WHERE extname = 'nachet_datastore'";

# A stopped cluster with a set in it; the statement that imports the set, the set's id, and what $everything told.
sub old_cluster
{
	local $ENV{PG_CONFIG} = $_[0];
	my $old = Nachet::Test->new;
	my $upload = sprintf q{SELECT nachet.upload_picture_set(ARRAY['\x%s', '\x%s']::bytea[], '%s', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')},
		unpack('H*', png(80, 80, 'one')), unpack('H*', png(20, 20, 'two')), $old->user_id;
	my $id = $old->psql($upload);
	$old->psql('CALL nachet.verify_all()');
	my $before = $old->psql($everything);
	like($old->psql('SHOW server_version'), qr/^${\ major($_[0])}\b/, 'the old server');
	$old->stop;
	return ($old, $upload, $id, $before);
}

sub upgrade_from
{
	my ($old_config) = @_;
	my ($old, $upload, $id, $before) = old_cluster($old_config);
	my $new = Nachet::Test->new(extension => 0);
	like($new->psql('SHOW server_version'), qr/^${\ major($ours)}\b/, 'the new server');
	$new->psql('DROP DATABASE nachet', db => 'postgres');
	$new->stop;

	my $work = $new->tempdir;
	chown((stat $new->data_folder)[ 4, 5 ], $work);
	my ($status, $out, $err) = $new->as_server({ cwd => $work }, 'pg_upgrade', '-b', config($old_config, '--bindir'), '-B', $bindir,
		'-d', $old->data_folder, '-D', $new->data_folder, '-U', 'postgres', '-s', $work, '-p', 5432, '-P', 5433);
	is($status, 0, 'pg_upgrade') or diag("$out$err");
	my %said = map { $_ => 1 } $out =~ /\S {2,}(\w+)$/mg;
	is_deeply([ sort(keys %said), $err ], [ 'ok', '' ], 'says ok to each of its checks, and nothing else') or diag("$out$err");

	$new->start;
	is_deeply([ split /\n/, $new->psql($everything) ], [ split /\n/, $before ], 'every row, id, sequence, privilege and member of the extension is there');
	is($new->psql($upload, role => 'importer'), $id, 'the same set is known');
	isnt($new->psql($upload =~ s/"nb_seeds": 5/"nb_seeds": 6/r, role => 'importer'), $id, 'another can be made');
	write_file("$work/pictures/three.png", png(200, 200, 'three'));
	($status, $out, $err) = $new->run_load(@required, "$work/pictures");
	is($status, 0, 'pictures that are new can be imported') or diag($err);
	is($new->psql(q{SELECT count(*), count(*) FILTER (WHERE sha256(nachet.picture_content(id)) = decode(picture -> 'quality_check' ->> 'image_checksum', 'hex')) FROM nachet.picture}),
		'5|5', 'every byte that is read is right');
	is($new->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'and every byte that is stored');
	is($new->sqlstate('DROP EXTENSION nachet_datastore'), '2BP01', 'the extension is guarded');
}

for my $from ($ours, @older)
{
	subtest 'pg_upgrade from ' . major($from) . ' to ' . major($ours) => sub { upgrade_from($from) };
}

done_testing;
