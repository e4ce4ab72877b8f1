#!/usr/bin/env perl
# test/loader/042_connecting.t: how it connects: one login at most, the server's words and SQLSTATE,
# and several hosts of which one is silent.
use strict;
use warnings;

use FindBin ();
use IO::Socket::UNIX ();
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(gif write_file slurp);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;
my $folder = "$work/pictures";
write_file("$folder/1.gif", gif('1'));
my @args = (@required, $folder);

sub load { my ($env, @more) = @_; return $store->run_load({ env => { PGPASSFILE => '/nonexistent', %$env } }, @more, @args) }

# The error as --json tells it.
sub json_error
{
	my ($out) = @_;
	my ($error) = grep { $_->{message_type} eq 'error' } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
	return $error;
}

$store->create_role('clerk', 'nachet_importer');
$store->psql("ALTER ROLE clerk PASSWORD 'right'");
my $hba = $store->data_folder . '/pg_hba.conf';
my $rules = slurp($hba);
write_file($hba, "local all clerk scram-sha-256\nlocal all intruder reject\n$rules");
$store->psql('SELECT pg_reload_conf()');
my %clerk = (PGUSER => 'clerk');

# A wrong password counts once where logins are counted, to lock accounts.
my ($status, $out, $err) = load({ %clerk, PGPASSWORD => 'wrong' }, '--json');
is($status, 4, 'a wrong password: status 4');
like($err, qr/^nachet-load: error: no connection to the database: .*FATAL:  password authentication failed for user "clerk"$/m,
	'a wrong password: in the words of the server');
unlike($err, qr/LOCATION|28P01|retrying/, 'a wrong password: no others');
is(json_error($out)->{code}, '28P01', 'a wrong password: --json has the SQLSTATE');
like(json_error($out)->{hint}, qr/PGPASSWORD.*PGPASSFILE/,
	'a wrong password: the hint where passwords come from');
is(() = $store->log =~ /password authentication failed for user "clerk"/g, 1,
	'a wrong password: it is tried once');
is((load({ %clerk, PGPASSWORD => 'right' }))[0], 0, 'the right password is let in');

chmod 0644, write_file("$work/pgpass", "*:*:*:clerk:right\n");
($status, $out, $err) = load({ %clerk, PGPASSFILE => "$work/pgpass" }, '--json');
is($status, 4, 'a password file that others may read is not taken');
is(() = $err =~ /^WARNING: password file/mg, 1,
	'a password file that others may read is not taken, which libpq says once');
like($err, qr/no password supplied\nnachet-load: hint: Put the password into .*PGPASSFILE/,
	'a password file that others may read is not taken: and so there is no password');
chmod 0600, "$work/pgpass";
is((load({ %clerk, PGPASSFILE => "$work/pgpass" }))[0], 0,
	'a password file that others may read is not taken: is taken if they may not');

# Other refusals.
for my $case (
	[ { PGDATABASE => 'nowhere' }, '3D000', qr/FATAL:  database "nowhere" does not exist\n.*hint: .*--dbname/ ],
	[ { PGUSER => 'stranger' }, '28000', qr/FATAL:  role "stranger" does not exist\n.*hint: .*PGUSER/ ],
	[ { PGUSER => 'intruder' }, '28000', qr/FATAL:  pg_hba\.conf rejects connection for host "\[local\]", user "intruder".*\n.*hint: .*pg_hba/ ])
{
	my ($env, $code, $words) = @$case;
	($status, $out, $err) = load($env, '--json');
	is($status, 4, "$code: status 4");
	like($err, $words, "$code: in words");
	unlike($err, qr/LOCATION|$code|retrying/, "$code: without the code");
	is(json_error($out)->{code}, $code, "$code, which --json has");
}

# Several hosts.
my $silent = $store->tempdir;
my $listener = IO::Socket::UNIX->new(Local => "$silent/.s.PGSQL.5432", Listen => 5) or die $!;
my $socket = $store->socket_folder;
is((load({ PGHOST => "/nonexistent,$socket" }))[0], 0, 'of two hosts, one that is not there is passed over');
($status, undef, $err) = load({ PGHOST => "$silent,$socket", PGCONNECT_TIMEOUT => 2 });
is($status, 0, 'of two hosts, one that is not there is passed over: one that is silent too') or diag($err);
($status, undef, $err) = load({ PGHOST => $silent, PGCONNECT_TIMEOUT => 2 });
is($status, 4, 'a host that is silent and alone: status 4');
like($err, qr/no connection to the database: server "\Q$silent\E" has not answered for 2 s$/m,
	'a host that is silent and alone: in words');
($status, undef, $err) = load({ PGHOST => "/nonexistent,$socket", %clerk, PGPASSWORD => 'wrong' });
like($err, qr{/nonexistent.*\n(?:.*\n)?.*password authentication failed for user "clerk"$}m, 'of two hosts the words of both are there');
unlike($err, qr/28P01|LOCATION/, 'of two hosts the words of both are there: no others');

done_testing;
