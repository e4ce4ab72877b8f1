#!/usr/bin/env perl
# test/loader/045_closed_streams.t: standard streams that were closed by whoever started it: no
# socket and no report takes their place, and an id that nobody can read is no success.
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
my $folder = "$work/pictures";
write_file("$folder/$_.gif", gif($_)) for 1 .. 5;
my $report = "$work/report.csv";

# The command for nachet-load with a redirection of the shell's.
sub closed
{
	my ($redirection, @args) = @_;
	return ({ env => { $store->env('importer') }, timeout => 60 }, 'sh', '-c', "exec \"\$@\" $redirection", 'sh',
		$store->nachet_load, @required, @args);
}

my ($status, $out, $err) = run_command(closed('<&-', '-n', '--files-from', '-', $folder));
is($status, 1, 'a list from a closed standard input is an error');
like($err, qr/^nachet-load: error: standard input: /m,
	'a list from a closed standard input is an error, which names it');

($status, $out, $err) = run_command(closed('>&-', $folder));
is($status, 1, 'an id for a closed standard output is an error');
my $id = $store->psql('SELECT id FROM nachet.picture_set');
like($err, qr/^nachet-load: error: the set \Q$id\E was made, but standard output: /m,
	'an id for a closed standard output is an error, which gives the id');
($status, $out, $err) = run_command(closed('>&-', '--json', $folder));
is($status, 1, 'an id for a closed standard output is an error: and so is JSON') or diag($err);
($status, $out, $err) = run_command(closed('>&-', '--sql', $folder));
is($status, 1, 'an id for a closed standard output is an error: a script') or diag($err);
($status) = run_command('sh', '-c', 'exec "$@" >&-', 'sh', $store->nachet_load, '--help');
is($status, 1, 'an id for a closed standard output is an error: the help');

for my $redirection ('<&-', '>&-', '2>&-', '<&- >&- 2>&-')
{
	my $expected = $redirection =~ /(?<!2)>&-/ ? 1 : 0;
	($status) = run_command(closed($redirection, '--report', $report, $folder));
	is($status, $expected, "$redirection: status $expected");
	my @lines = split /\r\n/, slurp($report);
	is($lines[0], 'path,status,sha256,bytes,format,width,height,reason',
		"$redirection: the report begins as ever");
	is(scalar @lines, 6, "$redirection: has a line for each file and no other");
}

# While the connections are there, these numbers are on /dev/null.
my $holder = Nachet::Session->new($store);
my $count = 0;
for my $redirection ('<&-', '>&-', '2>&-', '<&- >&- 2>&-')
{
	write_file("$folder/new " . ++$count . '.gif', gif("new $count"));
	$holder->run('BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE');
	my $loader = start_command(closed($redirection, '--retries', 0, $folder));
	poll_until(sub { !$loader->is_running || $store->psql('SELECT count(*) FROM pg_locks WHERE NOT granted') > 0 }, 60);
	for my $stream (grep { $redirection =~ [ qr/<&-/, qr/(?<!2)>&-/, qr/2>&-/ ]->[$_] } 0 .. 2)
	{
		is(readlink '/proc/' . $loader->pid . "/fd/$stream", '/dev/null', "$redirection: stream $stream is none of the connections");
	}
	my $sets = $store->psql('SELECT count(*) FROM nachet.picture_set');
	$holder->run('COMMIT');
	my $expected = $redirection =~ /(?<!2)>&-/ ? 1 : 0;
	is($loader->wait(60), $expected, "$redirection: status $expected");
	is($store->psql('SELECT count(*) FROM nachet.picture_set'), $sets + 1, "$redirection: the set is made");
}
unlike($store->log, qr/invalid frontend message|protocol synchronization/, 'the server has seen no message that was not for it');

done_testing;
