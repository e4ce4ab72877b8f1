#!/usr/bin/env perl
# test/loader/110_sql.t: --sql: a script for psql that imports folders later, elsewhere, whole or
# not at all, as a direct import would.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required set_files);
use Nachet::Test qw(png gif jpeg tiff tiff_file write_file slurp sha256 run_command start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my @psql = ('psql', '-X', '-qAt', '-v', 'ON_ERROR_STOP=1');
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $work = $store->tempdir;
my %nowhere = map { $_ => undef } qw(PGHOST PGPORT PGUSER PGDATABASE);

# Writes a script where no database can be reached; returns (status, stderr), and the script's path.
sub script
{
	my ($name, @args) = @_;
	my ($status, $out, $err) = run_command({ env => { %nowhere, PGHOST => '/nonexistent' } },
		'sh', '-c', 'script=$1; shift; exec "$@" > "$script"', 'sh', "$work/$name", $store->nachet_load, '--sql', @args);
	is($out, '', 'nothing goes anywhere but to the script');
	return ($status, $err, "$work/$name");
}

sub run_script
{
	my ($script, %options) = @_;
	return run_command({ env => { $store->env($options{role} // 'importer', $options{db}) } },
		@{ $options{psql} // \@psql }, '-f', $script);
}

sub sets
{
	my ($db) = @_;
	return $store->psql("SELECT name || ' ' || encode(digest, 'hex') FROM nachet.picture_set ORDER BY 1", db => $db);
}

sub nothing_stored
{
	my ($what, $db) = @_;
	is($store->psql("SELECT count(*) FROM nachet.$_", db => $db), 0, "$what: no row in $_")
		for qw(picture_set picture content content_chunk);
}

my $folder = "$work/session '12' \\ \xe2\x98\x83";
my %files = (
	'a.png' => png(64, 48, 'a'),
	'copy of a.png' => png(64, 48, 'a'),
	'b.jpg' => jpeg('b', 30_000),
	'nested/exact.tif' => tiff(2 * 8120, 'exact'),
	'nested/more.tif' => tiff(2 * 8120 + 1, 'more'),
	"quote'\"\$\$.gif" => gif('quote'),
	'back\\slash\\N\\.gif' => gif('back'),
	'\\.' => gif('end'),
	'\\N' => gif('null'),
	':name :\'name\' %s.gif' => gif('psql'),
	"na\xc3\xafve \xe2\x98\x83 \xf0\x9f\x8c\xb1.gif" => gif('unicode'),
	'--comment.gif' => gif('comment'),
);
write_file("$folder/$_", $files{$_}) for keys %files;
tiff_file("$folder/large.tif", 20_000_003, 'large');
my %digest = ((map { $_ => sha256($files{$_}) } keys %files), 'large.tif' => sha256(slurp("$folder/large.tif")));

my ($status, $err, $script) = script('import.sql', @required, $folder);
is($status, 0, 'a script is written without a database') or diag($err);
like($err, qr/13 pictures, .*; a script of /,
	'a script is written without a database: one line tells its size');
my $ratio = (-s $script) / (20_000_003 + length join '', map { $files{$_} } grep { !/copy/ } keys %files);
cmp_ok($ratio, '<', 2.02,
	'a script is written without a database, which is twice that of the pictures, equal ones counted once');
cmp_ok($ratio, '>', 1.98, 'a script is written without a database: no less');
ok(utf8::decode(my $text = slurp($script)), 'a script is written without a database, which is UTF-8');

# Run where nothing is; then the same again; then against a direct import.
my $out;
($status, $out, $err) = run_script($script);
is($status, 0, 'the script runs') or diag($err);
like($out, qr/\A$uuid\n\z/, 'the script runs: prints the id of the set and nothing else');
is($err, '', 'the script runs: not on standard error either');
chomp(my $id = $out);
is_deeply(set_files($store, $id), \%digest,
	'the script runs: every picture is there, under its name, with every byte');
is($store->psql('SELECT count(*) FROM nachet.content'), 12, 'the script runs: equal ones once');
is($store->psql('SELECT name FROM nachet.picture_set'), "session '12' \\ \xe2\x98\x83",
	'the script runs: in a set of the name of its folder');
my $sets = sets();
my $chunks = $store->psql('SELECT count(*) FROM nachet.content_chunk');
($status, $out, $err) = run_script($script, psql => [ 'psql', '-X' ]);
is($status, 0, 'it runs again, without any option of psql');
is($out, "$id\n", 'it runs again, without any option of psql: with the same id and nothing else');
is($store->psql('SELECT count(*) FROM nachet.content_chunk'), $chunks,
	'it runs again, without any option of psql: stores nothing twice');
($status, $out, $err) = $store->run_load(@required, $folder);
is($out, "$id\n", 'a direct import finds the set that the script made');
$store->psql("SELECT nachet.delete_picture_set('$id')");
nothing_stored('the set is deleted');
($status, $out, $err) = $store->run_load(@required, $folder);
is(sets(), $sets, 'a direct import makes a set of the same digest');
chomp($id = $out);
($status, $out, $err) = run_script($script);
is($out, "$id\n", 'a direct import makes a set of the same digest: the script finds that one');

# Another database, through a pipe; its user and seed have other ids, so digests are compared there.
$store->psql('CREATE DATABASE other', db => 'postgres');
$store->psql("CREATE EXTENSION nachet_datastore; SELECT nachet.register_user('Someone\@Example.org');
	SELECT nachet.register_seed('Brassica napus')", db => 'other');
my $pipe = sub {
	my ($options, @args) = @_;
	return run_command({ env => { $store->env('importer', 'other') }, %$options }, 'bash', '-o', 'pipefail', '-c',
		'"$@" | psql -X -qAt -v ON_ERROR_STOP=1 -f -', 'bash', $store->nachet_load, '--sql', @args);
};
($status, $out, $err) = $pipe->({}, @required, $folder);
is($status, 0, 'a script runs through a pipe') or diag($err);
chomp($id = $out);
is_deeply(set_files($store, $id, db => 'other'), \%digest,
	'a script runs through a pipe: on another database, every byte');
my $other = sets('other');
$store->psql("SELECT nachet.delete_picture_set('$id')", db => 'other');
($status, $out, $err) = $store->run_load({ env => { PGDATABASE => 'other' } }, @required, $folder);
is(sets('other'), $other, 'a script runs through a pipe: with the digest of a direct import there');
chomp $out;
$store->psql("SELECT nachet.delete_picture_set('$out')", db => 'other');

# Several folders, one transaction.
write_file("$work/one/$_.gif", gif("one $_")) for 1 .. 3;
write_file("$work/two/$_.gif", gif("two $_")) for 2 .. 4;
write_file("$work/two/one.gif", gif('one 1'));
($status, $err, $script) = script('several.sql', @required, "$work/one", "$work/two", "$folder/a.png");
is($status, 0, 'a script of several sets') or diag($err);
($status, $out, $err) = run_script($script, db => 'other');
like($out, qr/\A$uuid\n$uuid\n$uuid\n\z/, 'a script of several sets: prints their ids');
my @ids = split /\n/, $out;
is(join(' ', map { $store->psql("SELECT name FROM nachet.picture_set WHERE id = '$_'", db => 'other') } @ids),
	"one two session '12' \\ \xe2\x98\x83", 'a script of several sets: they are in the order of the folders');
is_deeply(set_files($store, $ids[1], db => 'other'), { 'one.gif' => sha256(gif('one 1')), map { ("$_.gif" => sha256(gif("two $_"))) } 2 .. 4 },
	'a script of several sets: each has its pictures');
$store->psql("SELECT nachet.delete_picture_set('$_')", db => 'other') for @ids;

# What only the datastore knows is found out when the script runs, and nothing is left of it.
nothing_stored('before', 'other');
my %wrong = (
	'a user who is not registered' => [ 'NC001', '--email', 'stranger@example.org' ],
	'a seed that is not registered' => [ 'NC002', '--seed', "O'Brassica \\ nap\nus" ],
);
for my $what (sort keys %wrong)
{
	my ($state, @args) = @{ $wrong{$what} };
	($status, $err, $script) = script('wrong.sql', @required, @args, "$work/one");
	is($status, 0, "$what: the script is written");
	($status, $out, $err) = run_script($script, db => 'other', psql => [ @psql, '-v', 'VERBOSITY=sqlstate' ]);
	is($status, 3, "$what: it fails when it is run");
	is($out, '', "$what: no id");
	like($err, qr/ERROR:  $state/, "$what: the datastore says why");
	nothing_stored($what, 'other');
}
($status, $err, $script) = script('one.sql', @required, "$work/one");
$store->psql('REVOKE TEMPORARY ON DATABASE other FROM PUBLIC', db => 'postgres');
($status, $out, $err) = run_script($script, db => 'other');
is($status, 3, 'a role that may make no temporary table can not run it');
like($err, qr/permission denied to create temporary tables/,
	'a role that may make no temporary table can not run it: is told so');
nothing_stored('no TEMPORARY', 'other');
$store->psql('GRANT TEMPORARY ON DATABASE other TO PUBLIC', db => 'postgres');

# A server of another block size.
$store->psql("CREATE OR REPLACE FUNCTION nachet.chunk_size() RETURNS integer LANGUAGE sql AS 'SELECT 16312'", db => 'other');
($status, $out, $err) = run_script($script, db => 'other');
is($status, 3, 'a server with another chunk size refuses it');
like($err, qr/this script has chunks of 8120 bytes, but this server requires 16312/,
	'a server with another chunk size refuses it: says so before any bytes go');
nothing_stored('another chunk size', 'other');

# Pictures that are refused, at writing; the script then fails wherever it is run.
write_file("$work/bad/good.gif", gif('good'));
write_file("$work/bad/text.gif", 'text');
($status, $err, $script) = script('bad.sql', @required, "$work/one", "$work/bad");
is($status, 1, 'a folder with a bad file gives no script');
like($err, qr{bad/text\.gif: not a picture}, 'a folder with a bad file gives no script: the file is named');
($status, $out, $err) = run_script($script);
is($status, 3, 'a folder with a bad file gives no script: what was written fails when it is run');
like($err, qr/this script is incomplete/, 'a folder with a bad file gives no script: says why');
($status, $err, $script) = script('skip.sql', @required, '--on-error=skip', "$work/bad");
is($status, 3, '--on-error=skip leaves it out: status 3');
($status, $out, $err) = run_script($script);
chomp $out;
is_deeply(set_files($store, $out), { 'good.gif' => sha256(gif('good')) }, '--on-error=skip leaves it out: the script imports the others');

# Cut off in the middle: by an interrupt, by the reader's end, by a full disk, and by losing the script's end.
my $sets_before = sets();
mkdir "$work/big" or die $!;
tiff_file("$work/big/$_.tif", 400_000_000, $_) for 1 .. 2;
system('mkfifo', "$work/fifo") == 0 or die;
my $writer = start_command('sh', '-c', 'exec "$@" > "$0"', "$work/fifo", $store->nachet_load, '--sql', @required, "$work/big");
open my $fifo, '<:raw', "$work/fifo" or die $!;
sysread $fifo, my $begun, 200_000;
$writer->signal('INT');
while (sysread $fifo, my $more, 1 << 20) { $begun = substr($begun . $more, -2000) }
close $fifo;
is($writer->wait, 130, 'an interrupt: status 130');
like($begun, qr/^\\\.\n.*this script is incomplete.*\nROLLBACK;\n\z/ms,
	'an interrupt: the script ends in an error');
($status, $out, $err) = run_command('bash', '-c', '"$@" | head -c 1000000 > /dev/null; exit "${PIPESTATUS[0]}"', 'bash',
	$store->nachet_load, '--sql', '--no-progress', @required, "$work/big");
is($status, 1, 'a reader that goes away: status 1');
like($err, qr/\Anachet-load: error: standard output: Broken pipe\n\z/, 'a reader that goes away: one line');
SKIP: {
	skip 'no /dev/full', 1 if !-w '/dev/full';
	($status, $out, $err) = run_command('sh', '-c', 'exec "$@" > /dev/full', 'sh', $store->nachet_load, '--sql', @required, "$work/one");
	is($status, 1, 'a full disk: status 1') or diag($err);
}

# Cut off anywhere, also by the death of the writer: psql ends with an error, and nothing is stored. Between the COMMIT and the
# last line the sets are made, and psql ends with an error all the same.
($status, $err, $script) = script('cut.sql', @required, '--name', 'cut', "$work/one/1.gif");
my $whole = slurp($script);
my $length = length $whole;
my $commit = index $whole, 'COMMIT;';
my $sets_of_cut = "SELECT count(*) FROM nachet.picture_set WHERE name = 'cut'";
my (@successes, @stored);
my %cuts = map { $_ => 1 } 1 .. 12, $commit - 10 .. $length - 1, map { 13 * $_ } 1 .. ($length - 1) / 13;
for my $cut (sort { $a <=> $b } keys %cuts)
{
	write_file("$script.cut", substr $whole, 0, $cut);
	($status, $out, $err) = run_script("$script.cut");
	push @successes, $cut if $status == 0;
	push @stored, $cut if $cut < $commit && $store->psql($sets_of_cut) > 0;
}
cmp_ok(scalar keys %cuts, '>', 100, 'a script is cut off at many places');
is_deeply(\@successes, [ $length - 1 ],
	'a script is cut off at many places: fails unless nothing but its last newline is missing')
		or diag("$length bytes, COMMIT at $commit");
is_deeply(\@stored, [], 'a script that is cut off before its COMMIT makes no set');
is($store->psql($sets_of_cut), 1, 'a script that is cut off after its COMMIT makes one set');
my $killed = start_command('sh', '-c', 'exec "$@" > "$0"', "$work/fifo", $store->nachet_load, '--sql', @required, "$work/big");
my $reader = start_command({ env => { $store->env('importer') } }, @psql, '-f', "$work/fifo");
poll_until(sub { $store->psql('SELECT count(*) FROM pg_stat_progress_copy') > 0 }, 60) or die 'no COPY: ' . $reader->err;
$killed->kill_now;
isnt($reader->wait(60), 0, 'psql fails if the writer is killed');
is($reader->out, '', 'psql fails if the writer is killed: prints no id');
is(sets() =~ s/^cut .*\n?//mr, $sets_before, 'psql fails if the writer is killed: makes no set');
is($store->psql("SELECT count(*) FROM nachet.content c WHERE NOT EXISTS (SELECT FROM nachet.picture WHERE content_id = c.id)"), 0,
	'psql fails if the writer is killed: nor stores anything');

# A file that changes between its two readings.
$writer = start_command('sh', '-c', 'exec "$@" > "$0"', "$work/fifo", $store->nachet_load, '--sql', @required, "$work/big");
open $fifo, '<:raw', "$work/fifo" or die $!;
sysread $fifo, $begun, 200_000;
utime 1, 1, "$work/big/2.tif";
while (sysread $fifo, my $more, 1 << 20) { $begun = substr($begun . $more, -2000) }
close $fifo;
is($writer->wait, 1, 'a file that changes while it is written: status 1');
like($writer->err, qr{big/2\.tif: changed while}, 'a file that changes while it is written: it is named');
like($begun, qr/this script is incomplete/, 'a file that changes while it is written: the script fails');

# Memory does not grow with the files.
my $measured = start_command('sh', '-c', 'exec "$@" > "$0"', "$work/fifo", $store->nachet_load, '--sql', @required, "$work/big");
open $fifo, '<:raw', "$work/fifo" or die $!;
my ($bytes, $peak) = (0, 0);
while (my $got = sysread $fifo, my $more, 1 << 20)
{
	$bytes += $got;
	next if int($bytes / 5e7) == int(($bytes - $got) / 5e7);
	my ($kilobytes) = (-e '/proc/' . $measured->pid . '/status' ? slurp('/proc/' . $measured->pid . '/status') : '') =~ /^VmHWM:\s+(\d+) kB/m;
	$peak = $kilobytes if ($kilobytes // 0) > $peak;
}
close $fifo;
is($measured->wait, 0, 'files of 400 MB are written');
cmp_ok($bytes, '>', 1_600_000_000, 'files of 400 MB are written: whole');
cmp_ok($peak, '<', 32 * 1024, 'files of 400 MB are written: in less than 32 MiB of memory') if $peak > 0;

# Wrong use.
($status, $out, $err) = $store->run_load('--sql', '--dry-run', @required, "$work/one");
is($status, 2, '--sql and --dry-run do not go together');
like($err, qr/\Anachet-load: error: [^\n]*--dry-run[^\n]*\n\z/,
	'--sql and --dry-run do not go together: in one line');
($status, $out, $err) = $store->run_load('--sql', @required, '--seed', "Brassica\xe9' napus", "$work/one");
is($status, 2, 'a seed that is no UTF-8 could break out of its quotes, and is refused');

done_testing;
