#!/usr/bin/env perl
# test/http/010_start.t: nachet-http's options, and how it starts, refuses to start, and stops.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until free_port tempdir);
use Nachet::Http qw(curl wait_for_log);

my $program = Nachet::Test::nachet_http();

sub fails
{
	my ($status, $pattern, $name, @args) = @_;
	my ($got, $out, $err) = run_command({ timeout => 30 }, $program, @args);
	is($got, $status, "$name: exit status");
	like($err, $pattern, "$name: message");
	is($out, '', "$name: nothing on standard output");
	return $err;
}

my ($status, $out, $err) = run_command($program, '--help');
is($status, 0, '--help');
like($out, qr/--max-picture-size=SIZE  NACHET_HTTP_MAX_PICTURE_SIZE/, '--help tells options and variables');
for my $line (grep { /^ {2,6}(?:-., )?--/ } split /\n/, $out)
{
	my ($name) = $line =~ /--([a-z-]+)/;
	(my $variable = "NACHET_HTTP_\U$name") =~ tr/-/_/;
	$variable = 'NACHET_DBNAME' if $name eq 'dbname';
	like($line, $name =~ /^(?:help|version)$/ ? qr/^\S*[^=]*$/ : qr/--\Q$name\E(?:=\S+)?  $variable$/, "--$name has its variable");
}
($status, $out) = run_command($program, '--version');
like($out, qr/\Anachet-http \d+\.\d+\.\d+\n\z/, '--version');

fails(2, qr/loopback/, 'all addresses', '--listen', '0.0.0.0:0');
fails(2, qr/loopback/, 'all IPv6 addresses', '--listen', '[::]:0');
fails(2, qr/loopback/, 'an address of the network', '--listen', '192.0.2.1:8080');
fails(2, qr/ADDRESS:PORT or unix:PATH/, 'no port', '--listen', '127.0.0.1');
fails(2, qr/ADDRESS:PORT/, 'a port that is none', '--listen', '127.0.0.1:99999');
fails(2, qr/ADDRESS:PORT/, 'an IPv6 address without brackets', '--listen', '::1:8080');
fails(2, qr/--listen must be ADDRESS:PORT or unix:PATH, not '\Q$_\E'/, "the address '" . substr($_, 0, 20) . "'", '--listen', $_)
	for ':8080', '80', '[::1', '[::1]', '[]:80', '[::1]80', '127.0.0.1:', '127.0.0.1:80x', '127.0.0.1:123456', 'x' x 300 . ':80',
	'[' . 'x' x 300 . ']:80';
fails(2, qr/can't resolve the address 'nobody\.invalid': /, 'a name that is not known', '--listen', 'nobody.invalid:80');
fails(2, qr/loopback/, "'$_', which is no loopback address", '--listen', $_) for '128.0.0.1:80', '[2001:db8::1]:80', '[::ffff:192.0.2.1]:80';
fails(2, qr/unknown or ambiguous option/, 'an unknown option', '--nonsense');
fails(2, qr/requires a value/, 'an option without its value', '--listen');
fails(2, qr/unexpected argument/, 'an argument', 'folder');
fails(2, qr/--max-picture-size must be a size/, 'a size with a wrong unit', '--max-picture-size', '5mb');
fails(2, qr/--max-picture-size must be a size/, 'a size beyond 64 bits', '--max-picture-size', '99999999TB');
fails(2, qr/--pool must be greater than --senders/, 'a pool that is all senders', '--pool', '2', '--senders', '2');
fails(2, qr/--spool-size must be at least/, 'a spool smaller than a picture', '--spool-size', '1GB');
fails(2, qr/--auth must be none, jwt or proxy/, 'an authentication that is not there', '--auth', 'basic');
for my $name ('https://nachet.example.org', 'nachet.example.org:443', 'nachet.example.org/', '*.example.org', '.example.org', 'a b', '::1', '[::1]:80', '[]', '[x]')
{
	fails(2, qr/--server-name must be a host name .* not '\Q$name\E'/, "--server-name $name never matches a Host", '--server-name', 'nachet.example.org',
		'--server-name', $name);
}
my $message = fails(2, qr/--dbname contains a password/, 'a password on the command line', '-d', 'host=x password=geheim');
unlike($message, qr/geheim/, 'the password is not repeated');
fails(2, qr/--dbname contains a password/, 'a password in a URI', '-d', 'postgresql://u:geheim@x/nachet');
fails(1, qr/can't spool .*no-such-folder/, 'a spool folder that is not there', '--listen', '127.0.0.1:0', '--spool-dir',
	'/no-such-folder');
{
	local $ENV{NACHET_HTTP_MAX_PICTURES} = 'many';
	fails(2, qr/NACHET_HTTP_MAX_PICTURES must be a whole number/, 'a wrong variable');
}

my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;
fails(1, qr/is in use by another program/, 'a taken port', '--listen', '127.0.0.1:' . $taken->sockport);

# Whoever starts it may have closed the standard streams: no socket takes their place, no log line goes into one.
for my $closed ([ 0, '<&-' ], [ 1, '>&-' ], [ 2, '2>&-' ], [ '0 1 2', '<&- >&- 2>&-' ])
{
	my ($streams, $redirection) = @$closed;
	my $port = free_port();
	my $http = start_command('sh', '-c', "exec \"\$@\" $redirection", 'sh', $program, '--listen', "127.0.0.1:$port", '-d',
		'host=/nonexistent dbname=x');
	my $url = "http://127.0.0.1:$port/";
	ok(poll_until(sub { return curl($url)->{status} == 200 || !$http->is_running }, 30), "$redirection: answers");
	is_deeply([ map { readlink '/proc/' . $http->pid . "/fd/$_" } split / /, $streams ],
		[ map { '/dev/null' } split / /, $streams ], "$redirection: they are on /dev/null");
	is($http->stop, 0, "$redirection: SIGTERM ends it with 0");
}
my ($help) = run_command('sh', '-c', "exec '$program' --help >&-");
is($help, 1, 'help that nobody can read is no success');

# Without a database, and on a port of the system's choice.
for my $listen ('127.0.0.1:0', 'localhost:0', '[::1]:0')
{
	SKIP: {
		skip 'no IPv6 here', 4 if $listen =~ /::/ && !-e '/proc/net/if_inet6';
		my $http = start_command({ env => { NACHET_HTTP_LISTEN => $listen } }, $program, '-d', 'host=/nonexistent dbname=x');
		my $up = poll_until(sub { return $http->err =~ m{listening on (http://\S+:\d+)$}m ? $1 : !$http->is_running }, 30);
		skip "can't listen on $listen here", 4 if $listen !~ /^127/ && !$http->is_running;
		like($http->err, qr/warning: the datastore can't be used yet/, "$listen: starts without its database, and warns");
		like($http->err, qr{listening on http://\S+:[1-9]\d*$}m, "$listen: tells the port that it took");
		my ($url) = $http->err =~ m{listening on (http://\S+)};
		is(curl("$url/")->{status}, 200, "$listen: answers there");
		is($http->stop, 0, "$listen: SIGTERM ends it with 0");
	}
}

done_testing;
