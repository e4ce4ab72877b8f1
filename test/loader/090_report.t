#!/usr/bin/env perl
# test/loader/090_report.t: --report and --json: what became of each file and of each folder, for
# programs to read.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Loader qw(@required);
use Nachet::Session ();
use Nachet::Test qw(png gif jpeg tiff write_file slurp sha256 start_command poll_until);
use Test::More;

my $store = Nachet::Test->new;
my $scratch = $store->tempdir;
my @heading = qw(path status sha256 bytes format width height reason);

# RFC 4180: records end with CRLF, fields may be quoted.
sub read_csv
{
	my ($text) = @_;
	my (@records, @fields);
	die 'the last line has no end' if length $text && $text !~ /\r\n\z/;
	while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gc)
	{
		my ($quoted, $plain, $end) = ($1, $2, $3);
		push @fields, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
		if ($end ne ',') { push @records, [@fields]; @fields = () }
	}
	die 'not CSV at ' . (pos($text) // 0) if (pos($text) // 0) != length $text;
	return @records;
}

# path => { column => value }
sub report
{
	my ($file) = @_;
	my ($first, @records) = read_csv(slurp($file));
	is_deeply($first, \@heading, 'the report has its heading');
	is((grep { @$_ != @heading } @records), 0, 'the report has its heading: each line as many fields');
	my %by_path = map { my %row; @row{@heading} = @$_; ($row{path} => \%row) } @records;
	is(keys %by_path, @records, 'the report has its heading: one line a file');
	return \%by_path;
}

sub json_lines { my ($text) = @_; return map { JSON::PP->new->utf8->decode($_) } split /\n/, $text }

my $folder = "$scratch/a, \"quoted\" folder";
my %files = (
	'a.png' => png(30, 20, 'a'), 'b/c.jpg' => jpeg('c', 5000), 'b/copy.png' => png(30, 20, 'a'), 'd.gif' => gif('d'),
	'large.tif' => tiff(9_000_000, 'large'));
write_file("$folder/$_", $files{$_}) for keys %files;
my %row = map { my $name = $_; ("$folder/$name" => {
	path => "$folder/$name", status => 'imported', sha256 => sha256($files{$name}), bytes => length $files{$name}, reason => '' }) } keys %files;
@{ $row{"$folder/$_"} }{qw(format width height)} = ('PNG', 30, 20) for 'a.png', 'b/copy.png';
@{ $row{"$folder/b/c.jpg"} }{qw(format width height)} = ('JPEG', 16, 16);
@{ $row{"$folder/d.gif"} }{qw(format width height)} = ('GIF', 1, 1);
@{ $row{"$folder/large.tif"} }{qw(format width height)} = ('TIFF', map { unpack 'V', substr $files{'large.tif'}, $_, 4 } 18, 30);

# A first run, of which one of two equal files is sent.
my ($status, $out, $err) = $store->run_load(@required, '-j', 1, '--report', "$scratch/r.csv", $folder);
is($status, 0, 'an import with a report') or diag($err);
my $id = $out;
$row{"$folder/b/copy.png"}{status} = 'present';
is_deeply(report("$scratch/r.csv"), \%row,
	'an import with a report, which tells of each file what became of it');

# A second run, over the report of the first.
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/r.csv", $folder);
is($out, $id, 'the same again');
$_->{status} = 'present' for values %row;
is_deeply(report("$scratch/r.csv"), \%row, 'the same again: all is present');

# What is not imported.
write_file("$folder/text.png", 'text');
write_file("$folder/cut.jpg", substr $files{'b/c.jpg'}, 0, 4000);
write_file("$folder/new.gif", gif('new'));
symlink 'a.png', "$folder/link.png" or die $!;
$row{"$folder/link.png"} = { map({ $_ => '' } @heading), path => "$folder/link.png", status => 'left_out',
	reason => 'is a symbolic link (use --follow to follow it)' };
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/r.csv", $folder);
is($status, 1, 'a folder with bad files');
my $rows = report("$scratch/r.csv");
is_deeply({ map { $_ => $rows->{$_}{status} } keys %$rows },
	{ map({ ("$folder/$_" => 'not-imported') } keys %files, 'new.gif'), map({ ("$folder/$_" => 'rejected') } 'text.png', 'cut.jpg'),
		"$folder/link.png" => 'left_out' },
	'a folder with bad files: what is rejected, and what is not imported therefore');
like($rows->{"$folder/text.png"}{reason}, qr/^not a picture/,
	'a folder with bad files: the reason of the one');
is($rows->{"$folder/text.png"}{bytes}, 4, 'a folder with bad files: its size');
like($rows->{"$folder/cut.jpg"}{reason}, qr/^truncated JPEG/,
	'a folder with bad files: the reason of the other');
is($rows->{"$folder/cut.jpg"}{format}, 'JPEG', 'a folder with bad files: its format');
is($rows->{"$folder/new.gif"}{reason}, 'the import failed', 'a folder with bad files: of the rest');

($status, $out, $err) = $store->run_load(@required, '--on-error=skip', '--dry-run', '--report', "$scratch/r.csv", $folder);
is($status, 3, 'a dry run');
$rows = report("$scratch/r.csv");
is($rows->{"$folder/new.gif"}{status} . ': ' . $rows->{"$folder/new.gif"}{reason}, 'not-imported: dry run',
	'a dry run: is told apart');

# Several folders, --on-error=skip, and JSON.
my $other = "$scratch/other";
write_file("$other/$_.gif", gif("other $_")) for 1 .. 3;
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', '--json', '--report', "$scratch/r.csv", $folder, $other, "$scratch/nowhere");
is($status, 5, 'several folders');
$rows = report("$scratch/r.csv");
$row{"$folder/new.gif"} = { path => "$folder/new.gif", status => 'imported', sha256 => sha256(gif('new')), bytes => length gif('new'),
	format => 'GIF', width => 1, height => 1, reason => '' };
delete @row{ "$folder/link.png" };
is_deeply({ map { $_ => $rows->{$_} } keys %row }, \%row, 'several folders: are in one report');
is($rows->{"$other/2.gif"}{status}, 'imported', 'several folders: the second folder too');
my @lines = json_lines($out);
my @errors = grep { $_->{message_type} eq 'error' } @lines;
my @summaries = grep { $_->{message_type} eq 'summary' } @lines;
is_deeply([ sort map { $_->{item} // '' } @errors ], [ sort "$folder/text.png", "$folder/cut.jpg", '' ],
	'several folders: JSON names each bad file');
like((grep { !defined $_->{item} } @errors)[0]{message}, qr{nowhere: No such file},
	'several folders: what else went wrong');
is(@summaries, 3, 'several folders: has a summary of each folder');
is_deeply([ map { $_->{outcome} } @summaries ], [ 'left_out', 'imported', 'failed' ],
	'several folders: a summary tells how it ended');
is_deeply([ map { $_->{folder} } @summaries ], [ $folder, $other, "$scratch/nowhere" ],
	'several folders: a summary names its folder');
is($summaries[2]{picture_set_id}, undef, 'several folders: no id where there is no set');
is($store->psql("SELECT count(*) FROM nachet.picture WHERE picture_set_id = '$summaries[0]{picture_set_id}'"), 6,
	'several folders: the id where there is one');
is_deeply({ map { $_ => $summaries[0]{$_} } qw(pictures sent_pictures rejected left_out seed_name) },
	{ pictures => 6, sent_pictures => 1, rejected => 2, left_out => 1, seed_name => 'Brassica napus' }, 'several folders: with its numbers');
is_deeply([ map { [ @$_{qw(item message)} ] } grep { $_->{message_type} eq 'warning' } @lines ],
	[ [ "$folder/link.png", 'is a symbolic link (use --follow to follow it)' ] ], 'several folders: JSON names what is left out');
is($summaries[0]{bytes}, 9_000_000 + 2 * length($files{'a.png'}) + 5000 + length($files{'d.gif'}) + length gif('new'),
	'several folders: of bytes too');
ok(JSON::PP::is_bool($summaries[0]{dry_run}) && !$summaries[0]{dry_run},
	'several folders: that it was no dry run');

($status, $out, $err) = $store->run_load(@required, '--json', '--seed', 'Brasica napus', $other);
is($status, 1, 'an unknown seed');
@errors = grep { $_->{message_type} eq 'error' } json_lines($out);
is($errors[0]{code}, 'NC002', 'an unknown seed: has its SQLSTATE in JSON');
like($errors[0]{hint}, qr/Brassica napus/, 'an unknown seed: the hint');

# What is not imported has one word in the report, in JSON and in the last line, and --quiet does not hide it.
my $partial = "$scratch/partial";
write_file("$partial/a.gif", gif('partial'));
symlink '../other/1.gif', "$partial/one.gif" or die $!;
symlink '../other', "$partial/folder" or die $!;
($status, $out, $err) = $store->run_load(@required, $partial);
is($status, 3, 'an import without what symbolic links lead to has a status of its own');
like($err, qr/: 1 picture, .*; 2 left out; /,
	'an import without what symbolic links lead to has a status of its own: the last line says how many links there were');
($status, $out, $err) = $store->run_load(@required, '--quiet', $partial);
is($status, 3, 'an import without what symbolic links lead to has a status of its own: with --quiet too');
is($err, join('', map { "nachet-load: warning: $partial/$_: left out: is a symbolic link (use --follow to follow it)\n" } 'folder', 'one.gif'),
	'an import without what symbolic links lead to has a status of its own, which names them, and says nothing else');
write_file("$partial/text.gif", 'text');
write_file("$partial/empty.gif", '');
($status, $out, $err) = $store->run_load(@required, '-q', '--json', '--on-error=skip', '--report', "$scratch/r.csv", $partial);
is($status, 3, 'links and bad pictures');
my ($summary) = grep { $_->{message_type} eq 'summary' } json_lines($out);
my %count;
$count{ $_->{status} }++ for values %{ report("$scratch/r.csv") };
is_deeply({ map { $_ => $summary->{$_} } qw(rejected left_out outcome) }, { rejected => 2, left_out => 2, outcome => 'left_out' },
	'links and bad pictures: are counted by JSON');
is_deeply(\%count, { present => 1, rejected => 2, left_out => 2 },
	'links and bad pictures: as the report has them');
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', $partial);
like($err, qr/: 1 picture, .*; 2 rejected, 2 left out; /, 'links and bad pictures: as the last line says');
($status, $out, $err) = $store->run_load(@required, '-q', '--exclude', 'one.gif', '--exclude', 'folder', '--exclude', '[te]*.gif', $partial);
is("$status$err", '0', 'what is excluded is neither counted nor named');
unlink "$partial/a.gif";
($status, $out, $err) = $store->run_load(@required, '-q', '--exclude', '[te]*.gif', $partial);
is($status, 1, 'links alone make no set');

# Status lines come while something is under way.
{
	my $holder = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'holder'", '-c',
		'BEGIN; LOCK TABLE nachet.content_chunk IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)');
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = 'nachet.content_chunk'::regclass
		AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60) or die 'no lock: ' . $holder->err;
	my $place = "$scratch/status";
	write_file("$place/$_.gif", gif("status $_")) for 1 .. 3;
	my $loader = $store->start_load(@required, '--json', $place);
	my $quiet = $store->start_load(@required, '--json', '--no-progress', $place);
	my $plain = $store->start_load(@required, $place);
	ok(poll_until(sub { $loader->out =~ /^\{"message_type":"status".*\}\n/m }, 60), 'JSON has status lines');
	ok(poll_until(sub { $plain->err =~ /^nachet-load: 0 of 3 pictures, .* already stored\n/m }, 60), 'without a terminal there is a line now and then');
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
	$holder->wait(60);
	is($_->wait(60), 0,
		'without a terminal there is a line now and then: the import goes on') for $loader, $quiet, $plain;
	my ($line) = grep { $_->{message_type} eq 'status' } json_lines($loader->out);
	is_deeply({ map { $_ => $line->{$_} } qw(phase total_files files_done files_present bytes_done) },
		{ phase => 'send', total_files => 3, files_done => 0, files_present => 0, bytes_done => 0 }, 'without a terminal there is a line now and then: with their numbers');
	cmp_ok($line->{seconds_still}, '>', 0,
		'without a terminal there is a line now and then: for how long nothing has moved');
	unlike($quiet->out, qr/"status"/,
		'without a terminal there is a line now and then: none with --no-progress');
	is((() = $plain->err =~ /pictures, .* already stored/g) <= 3, 1,
		'without a terminal there is a line now and then: not many lines');
	is(json_lines($quiet->out), 1, 'without a terminal there is a line now and then: the summary stays');
}

# A spreadsheet takes no path for a formula, and the path stays the file's.
for my $name ('=1+2.gif', '+a.gif', '-a.gif', '@a.gif')
{
	write_file("$scratch/formulas/$name", gif($name));
	($status, $out, $err) = $store->run_load({ cwd => "$scratch/formulas" }, @required, '--report', "$scratch/formulas.csv", '--', $name);
	is($status, 0, "a file '$name'") or diag($err);
	is_deeply([ keys %{ report("$scratch/formulas.csv") } ], ["./$name"], "a file '$name' begins no cell of the report");
}

# A file that is no report is never overwritten, and a wrong usage does not touch an older report.
my $picture = "$scratch/precious.png";
write_file($picture, png(30, 20, 'precious'));
($status, $out, $err) = $store->run_load(@required, '--report', $picture, "$other/1.gif", "$other/2.gif");
is("$status$out", '2', 'a picture that is given as the report is wrong usage');
like($err, qr/error: --report: \Q$picture\E exists and is not a report: /,
	'a picture that is given as the report is wrong usage: named');
is(slurp($picture), png(30, 20, 'precious'),
	'a picture that is given as the report is wrong usage: left as it is');
my $dated = slurp("$scratch/r.csv");
for my $case (
	[ '--name with two folders', '--name', 'one', $folder, $other ],
	[ 'a list with a file', '--files-from', '/dev/null', "$other/1.gif" ])
{
	my ($what, @args) = @$case;
	($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/r.csv", @args);
	is($status, 2, "wrong usage: $what");
	is(slurp("$scratch/r.csv"), $dated, "wrong usage: $what: leaves an older report as it is");
}
write_file("$scratch/empty.csv", '');
chmod 0600, "$scratch/empty.csv";
symlink 'empty.csv', "$scratch/link.csv" or die $!;
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/link.csv", $other);
is($status, 0, 'an empty file may be the report, also through a link') or diag($err);
is(keys %{ report("$scratch/empty.csv") }, 3, 'a link to an empty file is followed: the report is in the file');
is((stat "$scratch/empty.csv")[2] & 0777, 0600, 'an empty file that becomes the report keeps its mode');
is_deeply([ glob "$scratch/.nachet*" ], [], 'nothing else is left beside a report');
SKIP: {
	skip 'only root gives files away', 1 if $> != 0;
	chown 65534, 65533, "$scratch/empty.csv" or die $!;
	$store->run_load(@required, '--report', "$scratch/empty.csv", $other);
	is(join(' ', map { sprintf '%o %d %d', $_->[2] & 0777, @{$_}[ 4, 5 ] } [ stat "$scratch/empty.csv" ]), '600 65534 65533',
		'a file that becomes the report keeps its owner');
}

# The report and standard output may lie in the folder.
my $own = "$scratch/own";
write_file("$own/$_.gif", gif("own $_")) for 1 .. 2;
for my $run (1, 2)
{
	($status, $out, $err) = $store->run_load(@required, '--report', "$own/report.csv", $own);
	is($status, 0, "a report in the imported folder, run $run") or diag($err);
	my $lines = report("$own/report.csv");
	is(scalar(grep { $_->{format} eq 'GIF' } values %$lines), 2,
		"a report in the imported folder, run $run: has the pictures");
	is_deeply([ grep { /nachet-report/ } keys %$lines ], [],
		"a report in the imported folder, run $run: no line on the name that it had until it was whole");
	unlike($err, qr/unfinished report/,
		"a report in the imported folder, run $run: nor is there a word on it");
	is($lines->{"$own/report.csv"}{status} // '', $run == 1 ? '' : 'machine_made',
		"a report in the imported folder, run $run: leaves itself out");
	like($err, qr{^nachet-load: \Q$own\E/report\.csv: not imported: is the file that the report of this run is written to$}m,
		"a report in the imported folder, run $run: with a line") if $run == 2;
}
($status, $out, $err) = $store->run_load(@required, '--report', "$own/report.csv", '--include-machine-made', $own);
is($status, 0, 'a report in the imported folder, also with --include-machine-made') or diag($err);
unlink "$own/report.csv";
for my $case ([ 'output.txt', '>', '--json' ], [ 'import.sql', '>', '--sql' ], [ 'log.txt', '2>', '--verbose' ])
{
	my ($name, $redirect, $option) = @$case;
	($status, undef, $err) = Nachet::Test::run_command({ env => { $store->env('importer') } },
		'sh', '-c', "file=\$1; shift; exec \"\$@\" $redirect \"\$file\"", 'sh', "$own/$name", $store->nachet_load, @required, $option, $own);
	is($status, 0, "$redirect $name in the imported folder") or diag($err);
	$err = slurp("$own/$name") if $redirect eq '2>';
	like($err, qr{^nachet-load: \Q$own/$name\E: not imported: is the file that standard (?:output|error) is written to$}m,
		"$redirect $name in the imported folder: is left out with a line");
	unlink "$own/$name";
}

# A report and a standard stream in one file would undo each other.
for my $case ([ '/dev/stdout', '>', 'output' ], [ "$scratch/both", '>', 'output' ], [ "$scratch/both", '2>', 'error' ], [ '/dev/stdout', '>', 'output', '--json' ])
{
	my ($report, $redirect, $stream, @more) = @$case;
	($status, $out, $err) = Nachet::Test::run_command({ env => { $store->env('importer') } },
		'sh', '-c', "file=\$1; shift; exec \"\$@\" $redirect \"\$file\"", 'sh', "$scratch/both", $store->nachet_load, @required, @more, '--report', $report, $other);
	is($status, 2, "the report and standard $stream in one file, by the name $report: wrong usage");
	like($redirect eq '2>' ? slurp("$scratch/both") : $err, qr/error: --report: standard $stream goes to \Q$report\E: give the name of another file/,
		"the report and standard $stream in one file, by the name $report, which is said");
	unlink "$scratch/both";
}

# What a killed run leaves beside the report does not hinder the next one.
write_file("$own/.nachet-report-0123abcd", "path,status,sha256\r\n");
($status, $out, $err) = $store->run_load(@required, $own);
is($status, 0, 'an unfinished report is no picture') or diag($err);
like($err, qr/1 machine-made: an unfinished report of nachet-load/,
	'an unfinished report is no picture: is told');

# A report is there when it is whole.
{
	my $holder = start_command({ env => { $store->env } }, 'psql', '-X', '-q', '-c', "SET application_name = 'holder'", '-c',
		'BEGIN; LOCK TABLE nachet.users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)');
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE relation = 'nachet.users'::regclass AND mode = 'AccessExclusiveLock' AND granted") > 0 }, 60)
		or die 'no lock: ' . $holder->err;
	my $loader = $store->start_load(@required, '--report', "$scratch/r.csv", $other);
	poll_until(sub { $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'nachet.users'::regclass") > 0 }, 60)
		or die 'no waiting loader: ' . $loader->err;
	is(slurp("$scratch/r.csv"), $dated, 'an older report stays while a new one is written');
	$store->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
	$holder->wait(60);
	is($loader->wait(60), 0, 'an import whose report takes the place of an older one succeeds');
	is(keys %{ report("$scratch/r.csv") }, 3, 'when the run has ended, the new report is in the place of the older one');
}

# A report that is ours to write in a folder that is not.
SKIP: {
	my ($user, $group) = (stat $store->socket_folder)[ 4, 5 ];
	my @as = $> == 0 ? ('setpriv', "--reuid=$user", "--regid=$group", '--clear-groups') : ();
	my ($reachable) = Nachet::Test::run_command({ cwd => '/' }, @as, 'test', '-x', $store->nachet_load);
	skip 'no other user can run nachet-load here', 12 if $reachable != 0;
	my $closed = $store->tempdir;
	write_file("$closed/r.csv", '');
	chown $user, $group, "$closed/r.csv" if $> == 0;
	chmod 0555, $closed;
	($status, $out, $err) = Nachet::Test::run_command({ env => { $store->env('importer') } }, @as, $store->nachet_load, @required, '--report', "$closed/r.csv", $other);
	is($status, 0, 'a report may lie in a folder that may not be written to, if it is there') or diag($err);
	like(slurp("$closed/r.csv"), qr/\Apath,status.*(?:,present,.*){3}\z/s,
		'a report may lie in a folder that may not be written to, if it is there: is written');
	my $first = slurp("$closed/r.csv");
	($status, $out, $err) = Nachet::Test::run_command({ env => { $store->env('importer') } }, @as, $store->nachet_load, @required, '--report', "$closed/r.csv", $other);
	is("$status$out", '1',
		'a report may lie in a folder that may not be written to, if it is there: an older one can not be replaced there, which ends the run before anything');
	like($err, qr/error: --report: \Q$closed\E\/r\.csv: this older report can't be replaced: empty it, or give another name$/m,
		'a report may lie in a folder that may not be written to, if it is there: with what to do');
	is(slurp("$closed/r.csv"), $first,
		'a report may lie in a folder that may not be written to, if it is there: the older one is as it was');
	chmod 0755, $closed;

	# In a folder such as /tmp another's file may be written to, if its mode says so, but not replaced.
	skip 'only root makes files for others', 5 if $> != 0;
	my $sticky = $store->tempdir;
	for my $case ([ '', 0, 'an empty file' ], [ $dated, 1, 'an older report' ])
	{
		my ($before, $ends, $what) = @$case;
		write_file("$sticky/r.csv", $before);
		chmod 0666, "$sticky/r.csv";
		chmod 01777, $sticky;
		($status, $out, $err) = Nachet::Test::run_command({ env => { $store->env('importer') } }, @as, $store->nachet_load, @required, '--report', "$sticky/r.csv", $other);
		is($status, $ends, "$what of another's in a sticky folder") or diag($err);
		if ($ends) { is(slurp("$sticky/r.csv"), $before, "$what of another's in a sticky folder: is left as it is") }
		else { is(keys(%{ report("$sticky/r.csv") }), 3, "$what of another's in a sticky folder: is written to") }
	}
	is_deeply([ glob "$sticky/.nachet*" ], [], 'nothing else is left in a sticky folder');
}

# What a container's single file is: a mount point, which nothing can replace.
SKIP: {
	my $mounted = $store->tempdir . '/r.csv';
	write_file($mounted, $dated);
	skip 'nothing can be mounted here', 2 if (Nachet::Test::run_command('mount', '--bind', $mounted, $mounted))[0] != 0;
	($status, $out, $err) = $store->run_load(@required, '--report', $mounted, $other);
	Nachet::Test::run_command('umount', $mounted);
	is("$status$out", '1', 'an older report that is a mount point ends the run before anything');
	is(slurp($mounted), $dated, 'an older report that is a mount point ends the run before anything: stays');
}

# A symbolic link is followed, and never replaced.
symlink 'nowhere.csv', "$scratch/dangling.csv" or die $!;
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/dangling.csv", $other);
is("$status$out", '2', 'a symbolic link to nothing is no place for a report');
like($err, qr/error: --report: \Q$scratch\E\/dangling\.csv is a symbolic link to a file that does not exist/,
	'a symbolic link to nothing is no place for a report, which is said');
is(readlink "$scratch/dangling.csv", 'nowhere.csv',
	'a symbolic link to nothing is no place for a report: stays');
symlink 'loop.csv', "$scratch/loop.csv" or die $!;
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/loop.csv", $other);
is($status, 2, 'a symbolic link to itself is no place for a report');
is(readlink "$scratch/loop.csv", 'loop.csv', 'a symbolic link to itself is no place for a report: stays');
ok(!-e "$scratch/nowhere.csv", 'a symbolic link to itself is no place for a report: as it was');

# A run that reaches no file leaves an older report alone.
write_file("$scratch/older.csv", $dated);
($status) = $store->run_load({ env => { PGPORT => 1 } }, @required, '--report', "$scratch/older.csv", $other);
is($status, 4, 'the database can not be reached');
is(slurp("$scratch/older.csv"), $dated, 'the database can not be reached: an older report stays');
is_deeply([ glob "$scratch/.nachet*" ], [], 'the database can not be reached: alone');

unlink "$scratch/older.csv";
($status, $out) = $store->run_load({ env => { PGPORT => 1 } }, @required, '--json', '--report', "$scratch/older.csv", $other, $own);
is($status, 4, 'the database can not be reached, and there is no older report');
is_deeply({ map { @$_{qw(path reason)} } values %{ report("$scratch/older.csv") } }, { map { $_ => 'the import failed' } $other, $own },
	'the database can not be reached: each folder has a line');
is_deeply([ map { [ @$_{qw(folder outcome pictures)} ] } grep { $_->{message_type} eq 'summary' } json_lines($out) ],
	[ map { [ $_, 'unreachable', 0 ] } $other, $own ], 'the database can not be reached: each folder has a summary in JSON');

# Nothing is passed over without a line, whatever ends the run.
sub not_imported { my $rows = report(@_); return { map { $_ => $rows->{$_}{reason} } grep { $rows->{$_}{status} eq 'not-imported' } keys %$rows } }
{
	my $holder = Nachet::Session->new($store);
	$holder->run('BEGIN; LOCK TABLE nachet.users IN ACCESS EXCLUSIVE MODE');
	my $loader = $store->start_load(@required, '--json', '-q', '--report', "$scratch/cut.csv", $other, "$own/1.gif", $folder, "$own/2.gif");
	poll_until(sub { !$loader->is_running || $store->psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'nachet.users'::regclass") > 0 }, 60);
	$loader->signal('INT');
	is($loader->wait(60), 130, 'an interrupt at the first of three sets');
	is_deeply(not_imported("$scratch/cut.csv"), { map { $_ => 'interrupted' } glob("$other/*"), "$own/1.gif", "$own/2.gif", $folder },
		'an interrupt at the first of three sets: leaves a line for all the others');
	is_deeply([ map { [ $_->{folder} // $_->{first_file}, $_->{outcome} ] } grep { $_->{message_type} eq 'summary' } json_lines($loader->out) ],
		[ map { [ $_, 'interrupted' ] } $other, "$own/1.gif", $folder ], 'an interrupt at the first of three sets: a summary in JSON');
	like($loader->err, qr/^nachet-load: error: 2 of 3 sets were not started, from \Q$own\E\/1\.gif on$/m,
		'an interrupt at the first of three sets: tells how many');
}
unlink "$scratch/cut.csv";
write_file("$scratch/seeds/$_/a.gif", gif($_)) for 'Brassica napus', 'Brasica juncea';
($status, $out, $err) = $store->run_load(@required[ 0, 1, 4 .. 7 ], '--seed-from-folder', '--report', "$scratch/cut.csv", "$scratch/seeds");
is($status, 1, 'an unknown seed');
is_deeply(not_imported("$scratch/cut.csv"), { map { ("$scratch/seeds/$_" => 'the import failed') } 'Brassica napus', 'Brasica juncea' },
	'an unknown seed leaves a line for each folder');
write_file("$own/below/1.gif", gif('own below'));
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/cut.csv", "$own/1.gif", "$own/2.gif", "$own/below/1.gif", $other);
is($status, 5, 'two given files of one name');
is_deeply({ map { @$_{qw(path status)} } values %{ report("$scratch/cut.csv") } },
	{ "$own/1.gif" => 'rejected', "$own/below/1.gif" => 'rejected', "$own/2.gif" => 'not-imported', map { $_ => 'present' } glob "$other/*" },
	'two given files of one name have a line each, as the others');
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/cut.csv", "$scratch/nowhere", $other);
is_deeply(not_imported("$scratch/cut.csv"), { "$scratch/nowhere" => 'the import failed' }, 'so has a folder that is not there');

# What can't be written is an error.
($status, $out, $err) = $store->run_load(@required, '--report', "$scratch/nowhere/r.csv", $other);
is($status, 1, 'a report that can not be opened stops everything');
is($out, '', 'a report that can not be opened stops everything: before anything');
like($err, qr{nowhere/r\.csv: No such file}, 'a report that can not be opened stops everything: says why');
SKIP: {
	skip 'no /dev/full', 9 if !-e '/dev/full';
	($status, $out, $err) = $store->run_load(@required, '--report', '/dev/full', $other);
	is($status, 1, 'a report that can not be written is an error');
	like($out, qr/^[0-9a-f-]{36}$/, 'a report that can not be written is an error: though the set is made');
	like($err, qr{/dev/full: the report is incomplete: No space left},
		'a report that can not be written is an error: says so');
	my $disk = Nachet::Test::small_disk(1);
	SKIP: {
		skip 'nothing can be mounted here', 4 if !defined $disk;
		write_file("$disk/r.csv", $dated);
		write_file("$disk/full", "\0" x (900 * 1024));
		write_file("$scratch/lots/$_.gif", gif("lots $_")) for 1 .. 1500;
		($status, $out, $err) = $store->run_load(@required, '--report', "$disk/r.csv", "$scratch/lots");
		is($status, 1, 'a disk that is full is an error');
		like($err, qr{r\.csv: no report was written; an older one is unchanged: No space left},
			'a disk that is full is an error: that tells');
		is(slurp("$disk/r.csv"), $dated, 'a disk that is full is an error: what is there');
		is_deeply([ glob "$disk/.nachet*" ], [], 'a disk that is full is an error: nothing else is');
	}
	for my $option ('--quiet', '--json')
	{
		my ($state, undef, $words) = Nachet::Test::run_command({ env => { $store->env('importer') } },
			'sh', '-c', 'exec "$@" > /dev/full', 'sh', $store->nachet_load, @required, $option, $other);
		is($state, 1, "standard output that can not be written is an error, with $option") or diag($words);
	}
}

done_testing;
