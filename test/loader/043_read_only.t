#!/usr/bin/env perl
# test/loader/043_read_only.t: a database that takes nothing in, a standby or a read-only session: a
# dry run works, and an import says what to do.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif write_file poll_until);
use Test::More;

my $store = Nachet::Test->new(set => { wal_level => 'replica', max_wal_senders => 4 });
my $work = $store->tempdir;
write_file("$work/old/$_.gif", gif("old $_")) for 1 .. 5;
write_file("$work/new/$_.gif", gif("new $_")) for 1 .. 3;
write_file("$work/new/old $_.gif", gif("old $_")) for 1 .. 5;
my ($status, $id, $err) = $store->run_load(@required, "$work/old");
is($status, 0, 'a folder is imported') or diag($err);

my $standby = $store->base_backup(standby => 1);
poll_until(sub { $standby->psql('SELECT count(*) FROM nachet.picture_set') == 1 }, 60) or die 'the standby does not follow';

for my $case ([ 'a standby', $standby, {} ], [ 'a read-only session', $store, { PGOPTIONS => '-c default_transaction_read_only=on' } ])
{
	my ($what, $where, $env) = @$case;
	($status, my $out, $err) = $where->run_load({ env => $env }, @required, '-n', "$work/new");
	is($status, 0, "$what: a dry run works") or diag($err);
	like($err, qr/8 pictures.*; would send 3, /, "$what: says what would be sent");
	($status, $out, $err) = $where->run_load({ env => $env }, @required, '-n', '--seed', 'Brasica napus', "$work/new");
	like($err, qr/seed "Brasica napus" is not registered\n.*Brassica napus/, "$what: what is wrong");
	($status, $out, $err) = $where->run_load({ env => $env }, @required, "$work/new");
	is($status, 1, "$what: an import fails");
	like($err, qr/\Anachet-load: error: the database is read-only \((?:in_hot_standby|default_transaction_read_only) is on\)\n/,
		"$what: at once, before any file is read");
	like($err, qr/^nachet-load: hint: .*target_session_attrs=read-write/m,
		"$what: says how the primary is found");
}
my @hosts = map { $_->socket_folder } $standby, $store;
($status, my $out, $err) = $store->run_load({ env => { PGHOST => join(',', @hosts), PGPORT => undef, PGTARGETSESSIONATTRS => 'read-write' } },
	@required, "$work/new");
is($status, 0, 'of a standby and a primary, the primary is found with target_session_attrs') or diag($err);

# A seed that an import names is held until its end, as ever.
is($store->psql("BEGIN; SELECT nachet.batch_import('{\"email\": \"someone\@example.org\", \"seed_name\": \"Brassica napus\", \"zoom_level\": 20,
	\"nb_seeds\": 5, \"dry_run\": true, \"pictures\": []}', NULL) ->> 'result'; SELECT xmax <> 0 FROM nachet.seed WHERE name = 'Brassica napus'"),
	"checked\nt", 'a transaction that may write holds the seed');

done_testing;
