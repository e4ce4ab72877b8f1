#!/usr/bin/env perl
# test/loader/082_machine_made.t: what NAS boxes, desktops and programs make for themselves is no
# picture of a person's, and is told apart.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Test qw(gif write_file slurp);
use Test::More;

my $store = Nachet::Test->new;
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5);
my @required = (@who, '--seed', 'Brassica napus');

sub names
{
	my ($id) = @_;
	chomp $id;
	return [ split /\n/, $store->psql("SELECT name FROM nachet.picture WHERE picture_set_id = '$id' ORDER BY name COLLATE \"C\"") ];
}

my $nas = $store->tempdir . '/nas';
my @mine = ('a.gif', 'b/c.gif', 'thumbnails/d.gif', '.hidden/e.gif');
my @made = (
	'@eaDir/a.gif/SYNOPHOTO_THUMB_M.gif', '.@__thumb/a.gif', '.thumbnails/normal/a.gif', '.Trash-1000/files/a.gif', '.dtrash/files/a.gif',
	'#recycle/a.gif', '$RECYCLE.BIN/$R1.gif', '.picasaoriginals/a.gif', '__MACOSX/a.gif', 'b/@eaDir/c.gif', 'Catalog Previews.lrdata/a.gif',
	'.stversions/a~20240101.gif', '.nfs000012', '.~p.gif', 'p.gif~', 'b/._c.gif', '.DS_Store');
my %entry = map { ((m{^((?:b/)?[^/]+)})[0] => 1) } @made;
write_file("$nas/$_", gif($_)) for @mine, @made;

my ($status, $out, $err) = $store->run_load(@required, $nas);
is($status, 0, 'a folder of a NAS is imported') or diag($err);
is_deeply(names($out), [ sort @mine ],
	'a folder of a NAS is imported: without what the NAS and others made');
like($err, qr/^nachet-load: \Q$nas\E: not imported: 17 machine-made: .*\), \.\.\. \(--include-machine-made imports them\)$/m,
	'a folder of a NAS is imported: says so in a line');
like($err, qr/: a NAS's recycle bin \(#recycle\), Windows's recycle bin \(\$RECYCLE\.BIN\), thumbnails of a QNAP NAS \(\.\@__thumb\), /,
	'a folder of a NAS is imported: with an example of each kind');
like($err, qr/: 4 pictures, .*; 17 machine-made; /, 'a folder of a NAS is imported: in the last line');
unlike($err, qr/warning|error/, 'a folder of a NAS is imported, which is no warning');

($status, $out, $err) = $store->run_load(@required, '--quiet', $nas);
is("$status$err", '0', 'with --quiet nothing is said of it');
($status, $out, $err) = $store->run_load(@required, '--verbose', $nas);
like($err, qr{^nachet-load: \Q$nas/$_\E: not imported: machine-made: .}m, "with --verbose '$_' is named") for keys %entry;

my $report = $store->tempdir . '/report.csv';
($status, $out, $err) = $store->run_load(@required, '--json', '--report', $report, $nas);
my @made_lines = slurp($report) =~ /^\Q$nas\E\/(.*),machine_made,,,,,,[^,\r\n]+\r$/mg;
is_deeply([ sort @made_lines ], [ sort keys %entry ], 'the report has a line for each');
my ($summary) = grep { $_->{message_type} eq 'summary' } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
is_deeply({ map { $_ => $summary->{$_} } qw(machine_made rejected left_out outcome pictures) },
	{ machine_made => 17, rejected => 0, left_out => 0, outcome => 'imported', pictures => 4 }, 'the report has a line for each: JSON their count');

($status, $out, $err) = $store->run_load(@required, '--include-machine-made', $nas);
is($status, 0, '--include-machine-made imports them') or diag($err);
is_deeply(names($out), [ sort @mine, @made ], '--include-machine-made imports them: all');
unlike($err, qr/machine-made/, '--include-machine-made imports them: without a word');
($status, $out, $err) = $store->run_load({ env => { NACHET_INCLUDE_MACHINE_MADE => 1 } }, @required, $nas);
is_deeply(names($out), [ sort @mine, @made ], '--include-machine-made imports them: also by its variable');
($status, $out, $err) = $store->run_load(@required, '--exclude', '[@#$]*', '--exclude', '.?*', '--exclude', '*~', '--exclude', '__*', '--exclude', '*.lrdata', $nas);
unlike($err, qr/machine-made/, 'what is excluded is not counted');

# Lists, single files, folders that a shell's pattern gives, and folders that name seeds.
my $list = write_file($store->tempdir . '/list', join "", map { "./$_\n" } @mine, @made);
($status, $out, $err) = $store->run_load(@required, '--files-from', $list, $nas);
is($status, 3, 'a list that has machine-made files leaves out what it names') or diag($err);
is_deeply(names($out), [ sort @mine ],
	'a list that has machine-made files leaves out what it names: is imported without them');
like($err, qr/: 4 pictures, .*; 17 left out; /,
	'a list that has machine-made files leaves out what it names, which are counted');
like($err, qr{^nachet-load: warning: \Q$nas/$_\E: left out: machine-made: .*; --include-machine-made imports it$}m,
	"a list that has machine-made files leaves out what it names: '$_' with a line") for @made;
($status, $out, $err) = $store->run_load(@required, '--include-machine-made', '--files-from', $list, $nas);
is_deeply([ $status, names($out) ], [ 0, [ sort @mine, @made ] ],
	'a list that has machine-made files leaves out what it names: unless --include-machine-made is given');
my @given = ("$nas/p.gif~", "$nas/.DS_Store");
($status, $out, $err) = $store->run_load(@required, '-q', '--json', '--report', $report, "$nas/a.gif", @given);
is($status, 3, 'so are single files that are given');
($summary) = grep { $_->{message_type} eq 'summary' } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
is_deeply({ map { $_ => $summary->{$_} } qw(machine_made left_out outcome pictures) },
	{ machine_made => 0, left_out => 2, outcome => 'left_out', pictures => 1 }, 'so are single files that are given: counted');
is_deeply([ $err =~ /^nachet-load: warning: (.*): left out: machine-made: /mg ], \@given,
	'so are single files that are given: with a line each, with --quiet too');
is_deeply([ map { slurp($report) =~ /^(\Q$_\E),left_out,,,,,,machine-made: /m } @given ], \@given,
	'so are single files that are given: one in the report');
write_file("$nas/b/.DS_Store", 'notes');
($status, $out, $err) = $store->run_load(@required, "$nas/a.gif", "$nas/.DS_Store", "$nas/b/.DS_Store");
is_deeply([ $status, names($out) ], [ 3, ['a.gif'] ],
	'so are single files that are given: also if two have one name');
($status, $out, $err) = $store->run_load(@required, '--exclude', 'c.*', '--exclude', '.*', "$nas/a.gif", "$nas/b/c.gif", "$nas/\@eaDir/../b/c.gif", "$nas/.DS_Store");
is_deeply([ $status, names($out) ], [ 0, ['a.gif'] ], 'those that --exclude excludes are neither counted nor named');
unlink "$nas/b/.DS_Store";
for my $how ([], ['--sql'])
{
	($status, $out, $err) = $store->run_load(@required, @$how, '-q', "$nas/b", "$nas/\@eaDir/", "$nas/#recycle");
	is($status, 3, "machine-made folders among others that are given (@$how)");
	is_deeply([ $err =~ /^nachet-load: warning: (.*): left out: machine-made: /mg ], [ "$nas/\@eaDir/", "$nas/#recycle" ],
		"machine-made folders among others that are given (@$how): are left out with a line each");
	is($out =~ tr/\n//, 1,
		"machine-made folders among others that are given (@$how): make no sets") if !@$how;
}
for my $how ([], ['--sql'])
{
	($status, $out, $err) = $store->run_load(@required, @$how, "$nas/#recycle");
	is("$status$out", '1', "alone they make nothing (@$how)");
	like($err, qr/error: nothing was imported: no other folder was given/,
		"alone they make nothing (@$how), which is an error");
}
($status, $out, $err) = $store->run_load(@required, '--include-machine-made', "$nas/#recycle");
is_deeply(names($out), ['a.gif'], 'a machine-made folder is imported if --include-machine-made is given');
($status, $out, $err) = $store->run_load({ cwd => "$nas/#recycle" }, @required, '.');
is_deeply(names($out), ['a.gif'], 'a machine-made folder is imported if it is the working folder');
my $only = $store->tempdir . '/only';
write_file("$only/\@eaDir/a.gif", gif('only'));
($status, $out, $err) = $store->run_load(@required, $only);
is($status, 1, 'a folder that has nothing else');
like($err, qr/not imported: 1 machine-made.*it contains no picture/s,
	'a folder that has nothing else: is an error that tells what it has');
my $seeds = $store->tempdir . '/seeds';
write_file("$seeds/$_/a.gif", gif($_)) for 'Brassica napus', '@eaDir', '.stfolder';
write_file("$seeds/.DS_Store", 'notes');
($status, $out, $err) = $store->run_load(@who, '--seed-from-folder', $seeds);
is($status, 0, 'machine-made folders beside those that name seeds') or diag($err);
is($out =~ tr/\n//, 1, 'machine-made folders beside those that name seeds: name none');
like($err, qr/^nachet-load: the given folders: not imported: 3 machine-made: /m,
	'machine-made folders beside those that name seeds: are told');

# Through the service the same.
my $service = $store->start_http;
($status, $out, $err) = $store->run_load(@required, '--url', $service->url, '--include-machine-made', $nas);
is($status, 0, 'through the service --include-machine-made holds too') or diag($err);
is_deeply(names($out), [ sort @mine, @made ],
	'through the service --include-machine-made holds too: imports them all');
($status, $out, $err) = $store->run_load(@required, '--url', $service->url, $nas);
is_deeply(names($out), [ sort @mine ],
	'through the service --include-machine-made holds too: without it none');

done_testing;
