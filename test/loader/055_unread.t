#!/usr/bin/env perl
# test/loader/055_unread.t: output that nobody reads, and signals: an interrupt ends nachet-load
# though its messages can't be written, and SIGUSR2 ends nothing that takes interrupts.
use strict;
use warnings;

use Fcntl qw(O_NONBLOCK O_RDWR);
use FindBin ();
use IO::Select ();
use POSIX ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Session ();
use Nachet::Test qw(gif write_file slurp start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my $work = $store->tempdir;
my $folder = "$work/bad";
write_file(sprintf('%s/%04d %s.gif', $folder, $_, 'x' x 60), 'text') for 1 .. 4000;

# Starts it with a stream on a pipe that is never read, and waits until nothing more can be written there.
sub start_unread
{
	my ($stream, @args) = @_;
	my $pipe = "$work/pipe $stream";
	POSIX::mkfifo($pipe, 0600) or die "$pipe: $!" if !-p $pipe;
	sysopen my $both_ends, $pipe, O_RDWR | O_NONBLOCK or die "$pipe: $!";
	my $loader = start_command({ env => { $store->env('importer') } }, 'sh', '-c', "exec \"\$@\" $stream>\"\$0\"", $pipe,
		$store->nachet_load, @required, @args, $folder);
	my $select = IO::Select->new($both_ends);
	poll_until(sub { !$select->can_write(0) }, 60) or die 'nachet-load has written little: ' . $loader->err;
	return ($loader, $both_ends);
}

# ThreadSanitizer flushes the streams when a program ends at once, and so waits for their reader.
my $can_end = index(slurp($store->nachet_load), '__tsan_') < 0;
my @cases = ([ 1, '--json' ], [ 2, '--report', "$work/report.csv" ], [ 2, '--json' ], [ 1, '--json', '--quiet' ]);
for my $case ($can_end ? @cases : ())
{
	my ($stream, @args) = @$case;
	for my $signals ([ 'INT' ], [ 'TERM' ], [ 'TERM', 'TERM' ])
	{
		my ($loader, $pipe) = start_unread($stream, @args);
		for my $signal (@$signals)
		{
			$loader->signal($signal);
			poll_until(sub { !is_pending($loader, $signal) }, 60);
		}
		is($loader->wait(60) // 'it still runs', 130, "stream $stream is not read, @args: SIG" . join(' and SIG', @$signals) . ' ends it');
		$loader->kill_now;
	}
	is_deeply([ glob "$work/.nachet-report-*" ], [], "stream $stream is not read, @args: no unfinished report is left");
}

# Whether a signal waits to be taken by a process.
sub is_pending
{
	my ($loader, $signal) = @_;
	my $number = { INT => 2, USR2 => 12, TERM => 15 }->{$signal};
	return 0 if !$loader->is_running;
	my ($mask) = slurp('/proc/' . $loader->pid . '/status') =~ /^ShdPnd:\s+([0-9a-f]+)/m;
	return hex($mask // 0) >> ($number - 1) & 1;
}

# SIGUSR2 from anywhere.
write_file("$work/good/1.gif", gif('good'));
for my $signal ('INT', 'TERM')
{
	my $holder = Nachet::Session->new($store);
	$holder->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
	my $loader = $store->start_load(@required, "$work/good");
	poll_until(sub { $store->psql('SELECT count(*) FROM pg_locks WHERE NOT granted') > 0 }, 60) or die $loader->err;
	for my $next ('USR2', $signal)
	{
		$loader->signal($next);
		poll_until(sub { !is_pending($loader, $next) }, 60);
	}
	is($loader->wait(60) // 'it still runs', 130, "SIG$signal ends it after a SIGUSR2");
	like($loader->err, qr/interrupted: no set was made/,
		"SIG$signal ends it after a SIGUSR2: in good order");
	$loader->kill_now;
	$holder->run('ROLLBACK');
}

done_testing;
