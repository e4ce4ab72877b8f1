#!/usr/bin/env perl
# test/extension/042_not_updated.t: the new library with the extension of an older version, as
# between installing the files and ALTER EXTENSION UPDATE: everything works, or is an error that
# says to update, and no statement harms what is stored.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::ObjectStore;
use Nachet::Test qw(png slurp);
use Test::More;

my ($current) = slurp("$Nachet::Test::ROOT/extension/nachet_datastore.control") =~ /^default_version = '([^']+)'/m;
my @released = map { /datastore--(\d[\d.]*)\.sql$/ && $1 ne $current ? $1 : () } glob "$Nachet::Test::ROOT/sql/upgrade/nachet_datastore--*.sql";
my $store = Nachet::Test->new;
$store->create_role($_, "nachet_$_") for qw(reader app admin);

for my $version (@released)
{
	subtest "the extension of $version" => sub {
		my $db = "from_$version" =~ s/\W/_/gr;
		$store->psql("CREATE DATABASE $db", db => 'postgres');
		$store->psql("CREATE EXTENSION nachet_datastore VERSION '$version'", db => $db);
		my @functions = split /\n/, $store->psql("SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'nachet'::regnamespace ORDER BY 1", db => $db);
		my ($works, %refused) = (0);
		my $try = sub {
			my ($role, $sql) = @_;
			my ($status, $out, $err) = $store->psql_result("\\set VERBOSITY verbose\n$sql", db => $db, role => $role);
			ok($status == 0 || $err =~ /HINT:.*ALTER EXTENSION nachet_datastore UPDATE/, "$role: works or says what to do: " . substr $sql, 0, 100) or diag($err);
			unlike($err, qr/WARNING|server closed/, "$role: nothing breaks: " . substr $sql, 0, 100);
			if ($status == 0) { $works++ } else { $refused{$sql} = $err }
			return $status == 0 ? $out : undef;
		};
		my $user = $try->('admin', q{SELECT nachet.register_user('someone@example.org')});
		$try->('admin', q{SELECT nachet.register_seed('Brassica napus')});
		$try->('admin', q{SELECT nachet.register_seed('brassica napus')});
		$try->('importer', 'SELECT nachet.get_all_seeds_names()');
		$try->('importer', q{SELECT nachet.is_user_registered('someone@example.org')});
		my ($picture, $other) = map { unpack 'H*', png(40, 30, $_) } 'kept', 'other';
		my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};
		my $set = $try->('importer', "SELECT nachet.upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', $data)");
		ok(defined $set, 'imports go on');
		is($try->('importer', "SELECT nachet.upload_picture_set(ARRAY['\\x$picture']::bytea[], '$user', $data)"), $set, 'and find what is there');
		$try->('importer', "INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, '\\x$other')");
		$try->('importer', "SELECT nachet.missing_contents(ARRAY[sha256('\\x$other')])");
		my $second = $try->('importer', "SELECT nachet.upload_picture_set(ARRAY['a.png'], ARRAY[sha256('\\x$other')], '$user', $data)");
		my $json = qq('{"email": "someone\@example.org", "seed_name": "Brassica napus", "zoom_level": 2, "nb_seeds": 1, "pictures": [{"name": "x", "sha256": "$Nachet::Test::EMAIL"}]}');
		$json =~ s/\Q$Nachet::Test::EMAIL\E"\}\]/@{[ Nachet::Test::sha256(pack 'H*', $other) ]}"}]/;
		my $has = sub { my ($name) = @_; return grep { /^nachet\.\Q$name\E\(/ } @functions };
		$try->('importer', q{SELECT nachet.picture_form('{"email": "someone@example.org"}')});
		$try->('importer', "SELECT nachet.batch_import($json)");
		for my $call (
			[ importer => 'hold_contents', "ARRAY[sha256('\\x$other')]" ], [ importer => 'content_facts', "ARRAY[sha256('\\x$other')]" ],
			[ importer => 'request_json', q{'{"a": 1}'} ], [ importer => 'request_user', q{'{"email": "someone@example.org"}'} ],
			[ admin => 'verify_contents', '' ], [ admin => 'verify_begin', '' ], [ admin => 'verify_next', '1, 1000' ], [ admin => 'offload_contents', '' ],
			[ admin => 'restore_contents', '' ])
		{
			my ($role, $name, $args) = @$call;
			next if $name =~ /offload|restore/; # without a store they are refused in any case
			$try->($role, "SELECT nachet.$name($args)") if $has->($name);
		}
		$try->('admin', 'CALL nachet.verify_all()') if $has->('verify_all');
		is($try->('reader', "SELECT encode(nachet.picture_content(id), 'hex') FROM nachet.picture WHERE picture_set_id = '$set'"), $picture, 'reading goes on');
		is($try->('reader', "SELECT length(nachet.content_read(sha256('\\x$other'), 0, 10))"), 10, 'in ranges too');
		$try->('app', "UPDATE nachet.picture SET nb_obj = 6 WHERE picture_set_id = '$second'");
		is($store->psql("SELECT digest FROM nachet.picture_set WHERE id = '$second'", db => $db), '', 'a changed set loses its digest');
		$try->('app', "INSERT INTO nachet.seed (name) VALUES ('Zea mays')");
		$try->('app', "UPDATE nachet.users SET default_set_id = '$set'");
		$try->('admin', "SELECT nachet.delete_picture_set('$second')");
		$try->('admin', q{SELECT nachet.sweep_contents('-1 day')});
		is($store->sqlstate('DROP EXTENSION nachet_datastore', db => $db), $version =~ /^1\.0/ ? '' : '2BP01', 'the drop guard is as it was') if $version !~ /^1\.0/;
		diag(join "\n", "$version: $works work, refused:", map { "$_\n  $refused{$_}" } sort keys %refused) if $ENV{NACHET_TEST_VERBOSE};

		$store->psql('ALTER EXTENSION nachet_datastore UPDATE', db => $db);
		is($store->psql("SELECT encode(nachet.picture_content(id), 'hex') FROM nachet.picture WHERE picture_set_id = '$set'", db => $db), $picture, 'after the update all is there');
		is($store->psql('SELECT count(*) FROM nachet.verify_contents()', db => $db), 0,
			'after the update all is there: nothing is damaged');
		is($store->sqlstate("SELECT nachet.delete_picture_set('$set'); SELECT nachet.sweep_contents('-1 day')", db => $db, role => 'admin'), '',
			'after the update sets can be deleted');
	};
}

done_testing;
