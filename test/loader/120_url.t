#!/usr/bin/env perl
# test/loader/120_url.t: nachet-load --url: over nachet-http as straight into the database, in all
# that a user notices.
#
# Each case is run in both ways from the same state, and must end with the same status, the same words on standard output
# and standard error, the same report and the same pictures. The loader that goes through the service has no way to a
# database.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Test qw(png bmp gif jpeg tiff write_file slurp sha256 run_command);
use Test::More;

my $store = Nachet::Test->new;
my $http = $store->start_http;
my $scratch = $store->tempdir;
my @data = ('--zoom', 20, '--nb-seeds', 5);
my @required = ('--email', 'someone@example.org', '--seed', 'Brassica napus', @data);
my %no_database = (
	PGHOST => '/nonexistent', PGSERVICE => undef, PGHOSTADDR => undef, PGDATABASE => 'nowhere', PGUSER => 'nobody',
	http_proxy => undef, no_proxy => '*');

sub by_copy { return $store->run_load(@_) }
sub by_url { return run_command({ env => \%no_database }, $store->nachet_load, '--url', $http->url, @_) }

# Nothing is stored.
sub empty
{
	$store->psql("SELECT nachet.delete_picture_set(id) FROM nachet.picture_set; SELECT nachet.sweep_contents('0 s')");
	return;
}

# All sets as name, data and pictures with the hash of their bytes.
sub stored
{
	return $store->psql(
		"SELECT s.name, p.name, p.nb_obj, p.picture -> 'user_data', encode(sha256(nachet.picture_content(p.id)), 'hex')
		   FROM nachet.picture p JOIN nachet.picture_set s ON s.id = p.picture_set_id ORDER BY 1, 2");
}

# Without what differs from run to run: ids, times and rates, and what is told while time passes.
sub plain
{
	my ($text) = @_;
	$text =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g;
	$text =~ s{; \d+\.\d s, [0-9.]+ \w+/s$}{; TIME}mg;
	$text =~ s/"total_duration":[0-9.]+/"total_duration":0/g;
	$text =~ s/^\{"message_type":"status".*\n//mg;
	return $text;
}

sub outcome
{
	my ($run, @args) = @_;
	my $report = "$scratch/report.csv";
	unlink $report;
	my ($status, $out, $err) = $run->('--report', $report, '-j', 1, @args);
	return {
		status => $status, out => plain($out), err => plain($err), stored => stored(),
		report => -e $report ? join('', sort split /^/, slurp($report)) : undef };
}

# Both ways; returns what came of it.
sub same
{
	my ($what, $before, @args) = @_;
	my @outcomes = map { empty(); $before->() if $before; outcome($_, @args) } \&by_copy, \&by_url;
	is_deeply($outcomes[1], $outcomes[0], "$what: the same through the service")
		or diag("copy: $outcomes[0]{out}$outcomes[0]{err}", "url: $outcomes[1]{out}$outcomes[1]{err}");
	return $outcomes[1];
}

my %files = (
	'a.png' => png(64, 48, 'a'),
	'b.jpg' => jpeg('b', 30_000),
	'c.tif' => tiff(200_000, 'c'),
	'large.tif' => tiff(20_000_000, 'large'),
	'with a space.bmp' => bmp(33, 20, 'd'),
	"na\xc3\xafve \xe2\x98\x83.gif" => gif('e'),
	'nested/deep/er/a.png' => png(10, 10, 'nested'),
	'nested/copy.png' => png(64, 48, 'a'),
	'-dash.gif' => gif('dash'),
	"quote'\"\\\\ %22 \\\".gif" => gif('quote'),
	'semi;colon=filename*.gif' => gif('semi'),
	'nested%2Fb%C3%A4.gif' => gif('percent'),
	join('/', ('x' x 200) x 5) . '.gif' => gif('long'),
);
my $folder = "$scratch/session 12";
write_file("$folder/$_", $files{$_}) for keys %files;
my $mixed = "$scratch/mixed";
write_file("$mixed/good$_.gif", gif("good $_")) for 1 .. 3;
write_file("$mixed/text.png", 'no picture at all');
write_file("$mixed/cut.tif", substr tiff(20_000, 'cut'), 0, 10_000);
my $seeds = "$scratch/seeds";
write_file("$seeds/$_/a.gif", gif($_)) for 'Brassica napus', 'Brassica juncea';
my $wrong_seeds = "$scratch/wrong seeds";
write_file("$wrong_seeds/$_/a.gif", gif($_)) for 'Brassica napus', 'Brasica juncea';
mkdir "$scratch/empty" or die $!;

# --- the cases ------------------------------------------------------------------------------------------
my $first = same('a folder', undef, @required, $folder);
is($first->{status}, 0, 'a folder: it is imported');
is($first->{out}, "ID\n", 'a folder: standard output is its id');
is_deeply(
	{ map { (split /\|/)[ 1, 4 ] } split /\n/, $first->{stored} }, { map { $_ => sha256($files{$_}) } keys %files },
	'a folder: every picture under its path, with every byte');
like($first->{err}, qr/13 pictures, .* sent 12,/, 'a folder: equal pictures are sent once');

my $again = same('a second run', sub { $store->run_load(@required, $folder) }, @required, $folder);
like($again->{err}, qr/; sent 0, 0 B;/, 'a second run: sends nothing');

same('other data', undef, @required, '--zoom', '7.50', '--nb-seeds', 12, '--name', "a \"name\" \\ \xe2\x98\x83", '--exclude', 'nested/', $folder);
same('given files', undef, @required, "$folder/a.png", "$folder/nested/deep/er/a.png", "$folder/b.jpg");
same('two folders', undef, @required, '--on-error', 'skip', $mixed, $folder);
is(same('a folder with bad files', undef, @required, $mixed)->{status}, 1, 'a folder with bad files: stops');
is(same('bad files that are skipped', undef, @required, '--on-error', 'skip', $mixed)->{status}, 3,
	'bad files that are skipped: is imported without them');
is(same('a folder and one that is not there', undef, @required, $folder, "$scratch/nowhere")->{status}, 5,
	'a folder and one that is not there: one failed');
is(same('an empty folder', undef, @required, "$scratch/empty")->{status}, 1, 'an empty folder: is no set');
my $dry = same('a dry run', sub { $store->run_load(@required, "$folder/nested") }, @required, '--dry-run', $folder);
like($dry->{err}, qr/would send 10,/, 'a dry run: tells what is missing');
my $unknown = same('an unknown seed', undef, @required, '--seed', 'Brassica napu', $folder);
like($unknown->{err}, qr/hint: .*"Brassica napus"/, 'an unknown seed: names the nearest one');
same('folders as seeds', undef, '--email', 'someone@example.org', @data, '--seed-from-folder', $seeds);
is(same('folders as seeds, one unknown', undef, '--email', 'someone@example.org', @data, '--seed-from-folder', $wrong_seeds)->{status},
	1, 'folders as seeds, one unknown: nothing is imported');
my $json = same('JSON Lines', undef, @required, '--json', '--on-error', 'skip', $mixed, $folder);
is((map { JSON::PP->new->decode($_) } grep { /"summary"/ } split /\n/, $json->{out})[1]{sent_pictures}, 12,
	'JSON Lines: as usual');
my $json_error = same('JSON Lines of an error', undef, @required, '--json', '--seed', 'Brassica napu', $folder);
is(JSON::PP->new->decode((split /\n/, $json_error->{out})[0])->{code}, 'NC002',
	'JSON Lines of an error: has its SQLSTATE');

# --- what only the service has ---------------------------------------------------------------------------
my ($status, $out, $err) = by_url(@required, '--email', 'stranger@example.org', $folder);
is($status, 1, 'a user who is not registered');
like($err, qr/\Anachet-load: error: user "stranger\@example\.org" is not registered\n/,
	'a user who is not registered: is told so');
is($out, '', 'a user who is not registered: no id');

empty();
my (undef, $id) = by_copy(@required, $folder);
($status, $out, $err) = by_url(@required, '-j', 4, $folder);
is($out, $id, 'a set is the same, in whichever way it comes');
like($err, qr/; sent 0,/, 'a set is the same, in whichever way it comes: its bytes are known');
empty();
(undef, $id) = by_url(@required, '-j', 4, $folder);
($status, $out, $err) = by_copy(@required, $folder);
is($out, $id, 'a set is the same, in whichever way it comes: the other way round too');
like($err, qr/; sent 0,/, 'a set is the same, in whichever way it comes: its bytes are known');
($status, $out) = run_command({ env => { %no_database, NACHET_URL => $http->url . '/' } }, $store->nachet_load, @required, $folder);
is($out, $id, 'the address may come from the environment, and end with a slash');

unlike($http->err, qr{ /\S+ 5\d\d }, 'the service failed at nothing');

done_testing;
