#!/usr/bin/env perl
# test/extension/080_pg_upgrade.t: pg_upgrade takes everything along, as files.
#
# Both clusters are of the server that the extension is built for: pg_upgrade does the same with one version as with two.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png);
use Test::More;

my $old = Nachet::Test->new;
my $upload = sprintf q{SELECT nachet.upload_picture_set(ARRAY['\x%s', '\x%s']::bytea[], '%s', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}')},
	unpack('H*', png(80, 80, 'one')), unpack('H*', png(20, 20, 'two')), $old->user_id;
my $id = $old->psql($upload);
$old->psql('CALL nachet.verify_all()');
my $everything = join(";\n", map { "SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM nachet.$_ t" }
	qw(users object_type seed picture_set picture picture_seed content content_chunk verify_run))
	. ";\nSELECT last_value FROM nachet.content_id_seq;\nSELECT p.oid::regprocedure, proacl, proowner::regrole"
	. " FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace ORDER BY p.oid::regprocedure::text;"
	. " SELECT relname, relacl::text, relowner::regrole FROM pg_class WHERE relnamespace = 'nachet'::regnamespace ORDER BY 1;"
	. " SELECT evtname, evtevent, evttags, evtfoid::regproc FROM pg_event_trigger;"
	. " SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'"
	. "  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'nachet_datastore');"
	. " SELECT array_agg(c::regclass ORDER BY c::regclass::text) FROM pg_extension, unnest(extconfig) c WHERE extname = 'nachet_datastore'";
my $before = $old->psql($everything);

my $new = Nachet::Test->new(extension => 0);
$new->psql('DROP DATABASE nachet', db => 'postgres');
$_->stop for $old, $new;
my $work = $new->tempdir;
chown((stat $new->data_folder)[ 4, 5 ], $work);
chomp(my $bindir = qx(${\ ($ENV{PG_CONFIG} // 'pg_config')} --bindir));
my ($status, $out, $err) = $new->as_server({ cwd => $work }, 'pg_upgrade', '-b', $bindir, '-B', $bindir, '-d', $old->data_folder,
	'-D', $new->data_folder, '-U', 'postgres', '-s', $work, '-p', 5432, '-P', 5433);
is($status, 0, 'pg_upgrade') or diag("$out$err");

$new->start;
is_deeply([ split /\n/, $new->psql($everything) ], [ split /\n/, $before ], 'every row, id, sequence, privilege and member of the extension is there');
is($new->psql('SELECT count(*) FROM nachet.verify_contents()'), 0, 'every byte is right');
is($new->psql($upload, role => 'importer'), $id, 'the same set is known');
isnt($new->psql($upload =~ s/"nb_seeds": 5/"nb_seeds": 6/r, role => 'importer'), $id, 'another can be made');
is($new->sqlstate('DROP EXTENSION nachet_datastore'), '2BP01', 'and is guarded');

done_testing;
