#!/usr/bin/env perl
# test/loader/056_cancel.t: an interrupt cancels the statement over a connection of its own:
# encrypted as the other is, if libpq can.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Session ();
use Nachet::Test qw(gif write_file slurp run_command start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;
write_file("$work/pictures/$_.gif", gif($_)) for 1 .. 5;

# The server on an address of this machine that no other test has, with TLS.
my $address = join '.', 127, map { 1 + int rand 254 } 1 .. 3;
my $data = $store->data_folder;
my ($status, undef, $err) = run_command('openssl', qw(req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=server -keyout), "$data/server.key",
	'-out', "$data/server.crt");
die "openssl: $err" if $status != 0;
chmod 0600, "$data/server.key";
chown +(stat $data)[ 4, 5 ], "$data/server.key", "$data/server.crt";
write_file("$data/pg_hba.conf", slurp("$data/pg_hba.conf") . "hostssl all all 127.0.0.0/8 trust\n");
$store->psql("ALTER SYSTEM SET $_") for 'ssl = on', "listen_addresses = '$address'";
$store->restart;

# What stands between notes the first request code of each connection: what asks for TLS, or a cancel request in clear.
my $relay = write_file("$work/relay.pl", <<'END_RELAY');
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
my ($address, $log) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 20, Proto => 'tcp') or die $!;
my $select = IO::Select->new($listener);
my (%peer, %head);
open my $notes, '>', $log or die $!;
$notes->autoflush(1);
print {$notes} $listener->sockport, "\n";
while (1)
{
	for my $socket ($select->can_read)
	{
		if ($socket == $listener)
		{
			my $client = $listener->accept or next;
			my $server = IO::Socket::INET->new(PeerAddr => $address, PeerPort => 5432) or do { close $client; next };
			@peer{ $client, $server } = ($server, $client);
			$head{$client} = '';
			$select->add($client, $server);
			next;
		}
		my $other = $peer{$socket} or next;
		if (!sysread $socket, my $bytes, 65536) { $select->remove($_), delete $peer{$_}, close $_ for $socket, $other }
		else
		{
			if (defined $head{$socket} && length($head{$socket} .= $bytes) >= 8)
			{
				print {$notes} unpack('x4 N', $head{$socket}), "\n";
				delete $head{$socket};
			}
			syswrite $other, $bytes;
		}
	}
}
END_RELAY
my $between = start_command($^X, $relay, $address, "$work/codes");
poll_until(sub { !$between->is_running || -s "$work/codes" }, 60) or die;
die $between->err if !$between->is_running;
my ($port) = split /\n/, slurp("$work/codes");
my ($asks_for_tls, $cancels) = (80877103, 80877102);

my $holder = Nachet::Session->new($store);
$holder->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
my $loader = start_command({ env => { $store->env('importer'), PGHOST => '127.0.0.1', PGPORT => $port, PGSSLMODE => 'require', PGGSSENCMODE => 'disable' } },
	$store->nachet_load, @required, '-j', 1, "$work/pictures");
poll_until(sub { !$loader->is_running || $store->psql('SELECT count(*) FROM pg_locks WHERE NOT granted') > 0 }, 60);
is((split /\n/, slurp("$work/codes"))[1], $asks_for_tls, 'the connection asks for TLS');
$loader->signal('INT');
is($loader->wait(60), 130, 'an interrupt ends the import') or diag($loader->err);
like($loader->err, qr/interrupted: no set was made/,
	'an interrupt ends the import: in good order, while the lock is held');
my (undef, undef, @codes) = split /\n/, slurp("$work/codes");
cmp_ok(scalar @codes, '>', 0, 'an interrupt ends the import: by a request that goes the same way');
my ($version) = (run_command('pkg-config', '--modversion', 'libpq'))[1] =~ /^(\d+)/;
if ($version >= 17) { is(scalar(grep { $_ != $asks_for_tls } @codes), 0, 'an interrupt ends the import: asks for TLS') }
else { is(scalar(grep { $_ != $cancels } @codes), 0, 'an interrupt ends the import, which libpq before 17 sends in clear, as the documents say') }

done_testing;
