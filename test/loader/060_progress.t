#!/usr/bin/env perl
# test/loader/060_progress.t: the progress line: on a terminal, and only where it is wanted;
# messages and ids are never mixed with it.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(gif tiff write_file start_command poll_until run_command);
use Test::More;

my ($has_script) = run_command('sh', '-c', 'command -v script');
plan skip_all => 'no script(1), which gives a program a terminal' if $has_script != 0;

my $store = Nachet::Test->new;
my $folder = $store->tempdir . '/pictures';
write_file("$folder/$_.gif", gif($_)) for 1 .. 10;
write_file("$folder/x-large.tif", tiff(10_000_000, 'x'));
my $command = join ' ', $store->nachet_load,
	"--email=someone\@example.org --seed='Brassica napus' --zoom=20 --nb-seeds=5 -j 1";

# A lock holds the import up in its middle until the line has been drawn.
my $holder = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'holder'", '-c',
	'BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)');
poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = 'nachet.content_chunk'::regclass
	AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60) or die 'no lock: ' . $holder->err;

sub start_on_terminal
{
	my ($options, $id_file) = @_;
	return start_command({ env => { $store->env('importer'), TERM => 'xterm' } },
		'script', '-qefc', "$command $options $folder > $id_file", '/dev/null');
}

my $scratch = $store->tempdir;
my $drawing = start_on_terminal('', "$scratch/drawing");
my $plain = start_on_terminal('--no-progress', "$scratch/plain");
ok(poll_until(sub { $drawing->out =~ /0 of 11 pictures, 0 B of 10\.0 MB, .*left/ }, 60), 'a line of pictures, bytes and time left is drawn')
	or diag($drawing->out);
poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted") >= 2 }, 60) or die 'no waiting loaders';
ok(poll_until(sub { $drawing->out =~ /0 of 11 pictures, 0 B of 10\.0 MB, no progress for \d+ s, 0 already stored/ }, 60),
	'a line of pictures, bytes and time left is drawn: after a while that nothing moves') or diag($drawing->out);
$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
$holder->wait(60);
is($drawing->wait(60), 0, 'the import ends well');
is($plain->wait(60), 0, 'the import ends well: the other too');
like($drawing->out, qr/\r\e\[Knachet-load: \Q$folder\E: 11 pictures, [^\r\n]*\r?\n/, 'the line is gone before a message is written');
unlike($plain->out, qr/\e/, 'nothing is drawn with --no-progress');
like($plain->out, qr/11 pictures/, 'nothing is drawn with --no-progress: but the last message is there');
is(Nachet::Test::slurp("$scratch/drawing"), Nachet::Test::slurp("$scratch/plain"), 'both give the same id, and nothing else');
like(Nachet::Test::slurp("$scratch/plain"), qr/\A[0-9a-f-]{36}\n\z/,
	'both give the same id, and nothing else: on standard output');

done_testing;
