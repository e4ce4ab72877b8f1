#!/usr/bin/env perl
# test/http/095_stuck_log.t: a log that nobody reads: it stops neither requests nor the end of the
# service, and what is lost is counted.
use strict;
use warnings;
use Test::More;
use POSIX ();

use lib 'test/lib';
use Nachet::Test qw(free_port poll_until);
use Nachet::Http qw(curl connect_to read_answer);
use Nachet::Prometheus qw(parse_metrics);

my $store = Nachet::Test->new;

# Starts the service with a pipe as standard error; returns it (as curl's helpers want it) and the pipe's end.
{
	package Stuck;
	sub port { return $_[0]{port} }
	sub url { return "http://127.0.0.1:$_[0]{port}" }
}
sub start
{
	my (@args) = @_;
	my $port = free_port();
	my $admin = free_port();
	pipe my $log, my $end or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		open STDERR, '>&', $end or die "dup: $!";
		open STDOUT, '>', '/dev/null' or die $!;
		exec Nachet::Test::nachet_http(), '-d', $store->conninfo('importer'), '--listen', "127.0.0.1:$port", '--admin-listen', "127.0.0.1:$admin", @args or die "exec: $!";
	}
	close $end;
	poll_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }) or die 'the service does not listen';
	return (bless({ port => $port, pid => $pid, admin => "http://127.0.0.1:$admin" }, 'Stuck'), $log);
}

sub lost { my ($http) = @_; return parse_metrics(curl("$http->{admin}/metrics")->{body})->{value}{nachet_http_log_lost_lines_total} // 0 }

# The status with which it ends; undef if it does not.
sub ending
{
	my ($http) = @_;
	my $ended = poll_until(sub { waitpid($http->{pid}, POSIX::WNOHANG()) > 0 });
	my $status = $ended ? $? : undef;
	kill 'KILL', $http->{pid} if !$ended;
	return $status;
}

# Requests over one connection, until lines are lost; each leaves a line.
sub fill
{
	my ($http) = @_;
	my $socket = connect_to($http);
	my $path = '/' . 'p' x 120;
	my $answered = 0;
	for my $round (1 .. 100)
	{
		for (1 .. 50)
		{
			print {$socket} "GET $path HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
			return (0, $answered) if read_answer($socket, 20)->{status} != 404;
			$answered++;
		}
		last if lost($http) > 0;
	}
	return (lost($http), $answered);
}

for my $format (qw(text json))
{
	my ($http, $log) = start('--log-format', $format);
	my ($lost, $answered) = fill($http);
	cmp_ok($lost, '>', 0, "$format: all requests are answered until lines are lost, and beyond") or diag("$answered answers");
	kill 'TERM', $http->{pid};
	is(ending($http), 0, "$format: SIGTERM ends the service");
}

# One that is read again: each line is whole, and says what is missing.
my ($http, $log) = start();
my ($lost, $answered) = fill($http);
my $copy = $store->tempdir . '/log';
my $reader = fork // die "fork: $!";
if ($reader == 0)
{
	open my $file, '>', $copy or die $!;
	while (sysread $log, my $bytes, 65536) { syswrite $file, $bytes }
	POSIX::_exit(0);
}
close $log;
kill 'TERM', $http->{pid};
is(ending($http), 0, 'a service whose log is read again ends with 0');
waitpid $reader, 0;
my @lines = split /\n/, Nachet::Test::slurp($copy);
is(scalar(grep { !/\A\d{4}-\d\d-\d\dT[\d:.]+Z nachet-http: / } @lines), 0, 'each line is whole');
like(join("\n", @lines), qr/warning: \d+ lines of the log were lost: standard error was not read/, 'the log tells that lines are missing');
my $missing = 0;
$missing += /(\d+) lines of the log were lost/ ? $1 : 0 for @lines;
is(scalar(grep { m{GET /p+ 404} } @lines) + $missing, $answered, 'and how many') or diag("$missing missing");
like($lines[-1], qr/nachet-http: stopped\z/, 'it ends as every log');

done_testing;
