#!/usr/bin/env perl
# test/extension/073_offload_worker.t: background workers come when something is to be done, and are
# in nobody's way.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(png poll_until tempdir write_file);
use Test::More;

my $objects = Nachet::ObjectStore->new('s3');
my $store = Nachet::Test->new;
my $folder = tempdir();
my $sets = 0;
$objects->use_by($store);

sub import_pictures
{
	my $set = "$folder/" . ++$sets;
	write_file("$set/$_.png", png(20, 20, "$sets $_")) for 1 .. 3;
	my ($status, undef, $err) = $store->run_load(@required, $set);
	die $err if $status != 0;
	return;
}
sub set_server { my (%settings) = @_; $store->psql("ALTER SYSTEM SET $_ = '$settings{$_}'", db => 'postgres') for keys %settings; return }
sub reload { set_server(@_); $store->psql('SELECT pg_reload_conf()', db => 'postgres'); return }
sub moved { my ($db) = @_; return poll_until(sub { $store->psql('SELECT waiting_contents FROM nachet.storage', db => $db // 'nachet') == 0 }, 60) }

# Without preloading the setting does nothing, and is nothing to warn of.
my $file = $store->data_folder . '/postgresql.auto.conf';
write_file($file, Nachet::Test::slurp($file) . "nachet.object_store_databases = 'nachet'\nnachet.object_store_naptime = 1\n");
$store->restart;
my (undef, $out, $err) = $store->psql_result('SELECT nachet.chunk_size(); SHOW nachet.object_store_databases');
is("$out|$err", "8120\nnachet|", 'without preloading, the names of databases are no cause for a warning');

# The names are as yet those of no database.
set_server(shared_preload_libraries => 'nachet_datastore', 'nachet.object_store_databases' => 'absent');
$store->restart;
ok(poll_until(sub { $store->log =~ /database "absent" in nachet.object_store_databases does not exist/ }), 'a database that is not there is reported');
import_pictures();
reload('nachet.object_store_databases' => 'absent, nachet');
ok(moved(), 'a database that is added is worked on without a restart');
is(scalar(() = $store->log =~ /database "absent"/g), 1, 'the other was reported once');
unlike($store->log, qr/FATAL/, 'and no worker has failed');

ok(poll_until(sub { $store->psql("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'nachet offload'") eq 't' }), 'a worker that has nothing to do ends');
is($store->sqlstate('CREATE DATABASE copy TEMPLATE nachet', db => 'postgres'), '', 'the database can be copied');
is($store->sqlstate('ALTER DATABASE nachet RENAME TO renamed', db => 'postgres'), '', 'renamed');
is($store->sqlstate('ALTER DATABASE renamed RENAME TO nachet', db => 'postgres'), '', 'and renamed again');

$store->psql('CREATE DATABASE absent TEMPLATE nachet', db => 'postgres');
$objects->use_by($store, db => 'absent');
$store->psql('SELECT nachet.renew_object_store_prefix(); SELECT nachet.restore_contents()', db => 'absent');
ok(moved('absent'), 'a database that comes later is worked on');
is($store->sqlstate('DROP DATABASE absent', db => 'postgres'), '', 'and can be dropped');

reload('nachet.object_store_naptime' => 0);
import_pictures();
is($store->psql('SELECT waiting_contents FROM nachet.storage'), 3, 'with a naptime of 0 nothing moves');
reload('nachet.object_store_naptime' => 1);
ok(moved(), 'until it is set again');

is($store->sqlstate("ALTER SYSTEM SET nachet.object_store_databases = 'nachet, two words'", db => 'postgres'), '22023', 'what is no list of databases is refused');

# This worker and that of logical replication take both places that there are.
set_server(max_worker_processes => 2);
$store->restart;
import_pictures();
ok(poll_until(sub { $store->log =~ /WARNING:  no background worker is free to move contents of database "nachet"\n.*HINT:  Increase max_worker_processes/ }, 60), 'without a free worker the log says what to do');
is($store->psql('SELECT waiting_contents FROM nachet.storage'), 3, 'and nothing moves');
set_server(max_worker_processes => 8);
$store->restart;
ok(moved(), 'until there is one');

my $launcher = $store->psql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'nachet launcher'");
ok($launcher, 'there is a launcher');
is($store->psql("SELECT pg_terminate_backend($launcher, 20000)"), 't', 'which can be ended');
import_pictures();
ok(moved(), 'and comes again by itself');

done_testing;
