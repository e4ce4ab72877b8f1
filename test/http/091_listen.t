#!/usr/bin/env perl
# test/http/091_listen.t: the sockets that nachet-http serves: a path, one that a service manager
# hands over, and what the manager is told.
use strict;
use warnings;
use Test::More;
use IO::Select ();
use IO::Socket::UNIX ();
use Socket qw(SOCK_DGRAM SOCK_STREAM);

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until free_port png write_file);
use Nachet::Http qw(curl wait_for_log form_fields);

my $program = Nachet::Test::nachet_http();
my $store = Nachet::Test->new;
my $folder = $store->tempdir;
my $path = "$folder/http.sock";
my @database = ('-d', $store->conninfo('importer'));

sub start
{
	my (@args) = @_;
	my $http = start_command($program, @database, @args);
	poll_until(sub { $http->err =~ /listening on/ || !$http->is_running }) && $http->is_running or die $http->err;
	return $http;
}

sub fails
{
	my ($status, $pattern, $name, @args) = @_;
	my ($got, $out, $err) = run_command({ timeout => 30 }, $program, @database, @args);
	is($got, $status, "$name: exit status");
	like($err, $pattern, "$name: message");
	return;
}

sub mode_of { my ($file) = @_; return sprintf '%04o', (stat $file)[2] & 07777 }
sub over { my ($socket, @args) = @_; return curl('--unix-socket', $socket, @args) }

# --- a path ---------------------------------------------------------------------------------------------
my $http = start('--listen', "unix:$path");
like($http->err, qr{listening on unix:\Q$path\E$}m, 'a path: it is told');
is(mode_of($path), '0600', 'a path: its owner alone may open it');
is(over($path, 'http://localhost/')->{status}, 200, 'a path: it is served');
is(over($path, '-H', 'Host: evil.example.org', 'http://localhost/')->{status}, 421, 'a path: the Host must be right there too');
write_file("$folder/a.png", png(64, 48, 'a'));
is(over($path, form_fields(), '-F', "pictures=\@$folder/a.png", 'http://localhost/batch-import')->{status}, 201, 'a path: an import');
ok(wait_for_log($http, qr/batch-import 201 .* client=unix /), 'a path: the log tells that there is no address');
fails(1, qr/is in use by another program, or is not a socket/, 'a path that is served', '--listen', "unix:$path");
is(over($path, 'http://localhost/')->{status}, 200, 'who came second took nothing away');
is($http->stop, 0, 'SIGTERM ends it');
ok(!-e $path, 'the path goes with it');

$http = start('--listen', "unix:$path");
$http->kill_now;
ok(-S $path, 'one that is killed leaves its path');
$http = start('--listen', "unix:$path");
is(over($path, 'http://localhost/')->{status}, 200, 'the next one takes it over');

# One service finds the path of one that was killed; before it takes that away, another one starts there.
$http->kill_now;
write_file("$folder/gate.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* Says that it is about to remove a file, and waits for leave. */
int unlink(const char *path)
{
	int (*next)(const char *) = (int (*)(const char *)) dlsym(RTLD_NEXT, "unlink");
	FILE *sign = fopen(getenv("GATE_REACHED"), "w");

	if (sign != NULL)
		fclose(sign);
	while (access(getenv("GATE_OPEN"), F_OK) != 0)
		usleep(1000);
	return next(path);
}
END
my ($compiled, undef, $complaints) = run_command(split(' ', $ENV{CC} // 'cc'), qw(-shared -fPIC -o), "$folder/gate.so", "$folder/gate.c", '-ldl');
is($compiled, 0, 'a gate before unlink') or diag($complaints);
my $first = start_command({ env => { LD_PRELOAD => "$folder/gate.so", GATE_REACHED => "$folder/reached", GATE_OPEN => "$folder/open",
	ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0') } }, $program, @database, '--listen', "unix:$path");
ok(poll_until(sub { -e "$folder/reached" }), 'one is about to take away what was left');
my $rival = start_command($program, @database, '--listen', "unix:$path");
my $waits = sub { return grep { (readlink // '') eq $folder } glob '/proc/' . $rival->pid . '/fd/*' };
ok(poll_until(sub { $waits->() || $rival->err =~ /listening on/ }), 'another one has come, and waits for its turn');
write_file("$folder/open", '');
is($rival->wait(30), 1, 'it finds the path taken');
ok(poll_until(sub { $first->err =~ /listening on/ }) && over($path, 'http://localhost/')->{status} == 200, 'and took nothing away');
$http = $first;
unlink $path;
my $next = start('--listen', "unix:$path");
$http->stop;
ok(-S $path, 'the first leaves what the second has made in its place');
is(over($path, 'http://localhost/')->{status}, 200, 'and that is served');
$next->stop;

write_file("$folder/file", 'mine');
fails(1, qr/is not a socket/, 'a path that is a file', '--listen', "unix:$folder/file");
is(Nachet::Test::slurp("$folder/file"), 'mine', 'the file is left as it was');
fails(1, qr/No such file/, 'a folder that is not there', '--listen', "unix:$folder/none/http.sock");
fails(2, qr/absolute path/, 'a relative path', '--listen', 'unix:http.sock');
fails(2, qr/has \d{3} bytes, but the maximum of the system is 107/, 'a path that is too long', '--listen', "unix:$folder/" . 'x' x 108);
fails(2, qr/--socket-mode must be 0600/, 'a path that others may open, without authentication', '--listen', "unix:$path", '--socket-mode', '0660');
fails(2, qr/--socket-mode must be a mode/, "a mode '$_'", '--listen', "unix:$path", '--socket-mode', $_) for qw(rw 888 0777 0060 66 06600);
my $longest = "$folder/" . 'x' x (107 - length "$folder/");
$http = start('--listen', "unix:$longest");
is(over($longest, 'http://localhost/')->{status}, 200, 'the longest path');
$http->stop;

# --- handed over ----------------------------------------------------------------------------------------
# Starts the service as a service manager does: the given sockets are its descriptors from 3 on.
sub start_with
{
	my ($sockets, $names, @args) = @_;
	local $^F = 255;    # the duplicates stay open over exec
	my @copies = map { open my $copy, '<&', $_ or die $!; $copy } @$sockets;
	my $numbers = join ',', map { fileno $_ } @copies;
	return start_command(
		$^X, '-MPOSIX', '-e',
		'my @from = split /,/, shift; my $names = shift; for my $i (0 .. $#from) { POSIX::dup2($from[$i], 100 + $i) }'
			. 'for my $i (0 .. $#from) { POSIX::dup2(100 + $i, 3 + $i); POSIX::close(100 + $i) }'
			. '$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = @from; $ENV{LISTEN_FDNAMES} = $names; exec @ARGV',
		$numbers, $names, $program, @database, @args);
}
sub tcp { my ($address) = @_; return IO::Socket::INET->new(Listen => 5, LocalAddr => $address, LocalPort => 0) || die "$address: $!" }
sub unix { my ($file, $mode) = @_; my $socket = IO::Socket::UNIX->new(Listen => 5, Local => $file) || die "$file: $!"; chmod $mode, $file; return $socket }

my $inherited = tcp('127.0.0.1');
my $port = $inherited->sockport;
$http = start_with([$inherited], 'http', '--listen', '127.0.0.1:1');
ok(wait_for_log($http, qr{listening on http://127\.0\.0\.1:$port$}m), 'a socket that is handed over goes before --listen');
is(curl('-m', 30, "http://127.0.0.1:$port/")->{status}, 200, 'and is served');
is($http->stop, 0, 'SIGTERM ends that');
my $waiting = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die;
print {$waiting} "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
$http = start_with([$inherited], 'http');
is(Nachet::Http::read_answer($waiting, 30)->{status}, 200, 'who came in between is served by the next');
$http->stop;

my $file = unix("$folder/handed.sock", 0600);
my $admin = tcp('127.0.0.1');
$http = start_with([ $file, $admin ], 'nachet-http.socket:admin');
ok(wait_for_log($http, qr{listening on unix:\Q$folder\E/handed\.sock$}m), 'a path that is handed over, and a socket for operators');
is(over("$folder/handed.sock", 'http://localhost/')->{status}, 200, 'the path is served');
is(curl('-m', 30, 'http://127.0.0.1:' . $admin->sockport . '/live')->{status}, 200, 'so are the operators');
$http->stop;
ok(-S "$folder/handed.sock", 'the path is left to who made it');

for my $case (
	[ 'an address of all', [ tcp('0.0.0.0') ], qr/is accessible to other users/ ],
	[ 'a path that others may open', [ unix("$folder/open.sock", 0666) ], qr/is accessible to other users/ ],
	[ 'an abstract name', [ IO::Socket::UNIX->new(Listen => 5, Local => "\0nachet-test-$$") ], qr/is accessible to other users/ ],
	[ 'two', [ $inherited, tcp('127.0.0.1') ], qr/systemd passed too many sockets/ ],
	[ 'one that does not listen', [ IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') ], qr/does not listen/ ])
{
	my ($name, $sockets, $pattern) = @$case;
	$http = start_with($sockets, join ':', map { 'http' } @$sockets);
	is($http->wait(30), 2, "handed over: $name: exit status");
	like($http->err, $pattern, "handed over: $name: message");
}
$http = start_command({ env => { LISTEN_PID => 1, LISTEN_FDS => 1 } }, $program, @database, '--listen', 'localhost:0');
ok(wait_for_log($http, qr/listening on/), 'what was handed to another process is not taken');
$http->stop;

# --- what the manager is told -----------------------------------------------------------------------------
for my $address ("$folder/notify", "\0nachet-notify-$$")
{
	my $manager = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $address) or die $!;
	my $told = sub { my $text = ''; $manager->recv($text, 100) if IO::Select->new($manager)->can_read(30); return $text };
	(my $name = $address) =~ s/^\0/@/;
	$http = start_command({ env => { NOTIFY_SOCKET => $name } }, $program, @database, '--listen', '127.0.0.1:0');
	is($told->(), 'READY=1', 'the manager is told that it is ready');
	like($http->err, qr/listening on/, 'once it is');
	$http->stop;
	is($told->(), 'STOPPING=1', 'and that it stops');
}

done_testing;
