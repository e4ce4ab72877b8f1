#!/usr/bin/env perl
# test/loader/010_options.t: nachet-load's options: help, version, and one helpful line with status
# 2 for whatever is wrong. No database.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(run_command slurp);
use Test::More;

my $load = Nachet::Test::nachet_load();
my @required = ('--email=someone@example.org', '--seed=Brassica napus', '--zoom=20', '--nb-seeds=5');
my %clean = map { $_ => undef } grep { /^NACHET_/ && $_ ne 'NACHET_LOAD' } keys %ENV;

sub load { my ($env, @args) = @_; return run_command({ env => { %clean, %$env } }, $load, @args) }

my ($status, $out, $err) = load({}, '--help');
is($status, 0, '--help succeeds');
is($err, '', '--help succeeds: says nothing on standard error');
for my $option (qw(email seed zoom nb-seeds name dbname include exclude files-from from0 follow seed-from-folder jobs on-error
	retries dry-run sql report json quiet verbose no-progress help version))
{
	like($out, qr/^ .*--$option\b/m, "--help names --$option");
}
like($out, qr/\b$_\b/, "--help names $_")
	for qw(NACHET_EMAIL NACHET_SEED NACHET_ZOOM NACHET_NB_SEEDS NACHET_NAME NACHET_DBNAME NACHET_JOBS NACHET_ON_ERROR
	NACHET_INCLUDE NACHET_EXCLUDE NACHET_FILES_FROM NACHET_FROM0 NACHET_FOLLOW NACHET_SEED_FROM_FOLDER NACHET_RETRIES
	NACHET_REPORT NACHET_JSON NACHET_SQL);
is((grep { length > 110 } split /\n/, $out), 0, 'no line of the help is too long for a wide terminal');

my ($version) = slurp("$Nachet::Test::ROOT/extension/nachet_datastore.control") =~ /^default_version\s*=\s*'(.*)'/m;
($status, $out, $err) = load({}, '--version');
is($status, 0, '--version succeeds');
is($out, "nachet-load $version\n", '--version succeeds: tells the version of the extension');

# Wrong use: status 2, nothing on standard output, one line that names what is wrong.
my @wrong = (
	[ 'nothing at all', {}, [], qr/missing: --email, --seed, --zoom, --nb-seeds, a folder/ ],
	[ 'no folder', {}, [@required], qr/missing: a folder/ ],
	[ 'no email', {}, [ @required[ 1 .. 3 ], '/tmp' ], qr/missing: --email \(/ ],
	[ 'an empty email', {}, [ @required, '--email=', '/tmp' ], qr/missing: --email \(/ ],
	[ 'an unknown option', {}, [ @required, '--colour', '/tmp' ], qr/'--colour'/ ],
	[ 'an unknown letter', {}, [ @required, '-x', '/tmp' ], qr/'-x'/ ],
	[ 'an option without its value', {}, [ @required, '/tmp', '--name' ], qr/'--name' requires a value/ ],
	[ 'a flag with a value', {}, [ @required, '--dry-run=5', '/tmp' ], qr/--dry-run=5/ ],
	[ 'zoom 0', {}, [ @required, '--zoom=0', '/tmp' ], qr/--zoom .*'0'/ ],
	[ 'zoom x', {}, [ @required, '--zoom=x', '/tmp' ], qr/--zoom .*'x'/ ],
	[ 'zoom inf', {}, [ @required, '--zoom=inf', '/tmp' ], qr/--zoom .*'inf'/ ],
	[ 'zoom 20x', {}, [ @required, '--zoom=20x', '/tmp' ], qr/--zoom .*'20x'/ ],
	[ 'nb-seeds 0', {}, [ @required, '--nb-seeds=0', '/tmp' ], qr/--nb-seeds .*'0'/ ],
	[ 'nb-seeds 1.5', {}, [ @required, '--nb-seeds=1.5', '/tmp' ], qr/--nb-seeds .*'1.5'/ ],
	[ 'nb-seeds beyond an int', {}, [ @required, '--nb-seeds=99999999999', '/tmp' ], qr/--nb-seeds / ],
	[ 'jobs 0', {}, [ @required, '--jobs=0', '/tmp' ], qr/--jobs .*'0'/ ],
	[ 'jobs 1000', {}, [ @required, '-j', '1000', '/tmp' ], qr/--jobs .*'1000'/ ],
	[ 'on-error other', {}, [ @required, '--on-error=other', '/tmp' ], qr/--on-error .*'other'/ ],
	[ 'a password', {}, [ @required, '--dbname=host=h password=secret', '/tmp' ], qr/password.*PGPASSFILE/ ],
	[ 'a password in a URI', {}, [ @required, '-d', 'postgresql://me:secret@h/db', '/tmp' ], qr/password.*PGPASSFILE/ ],
	[ 'a wrong value in the environment', { NACHET_ZOOM => 'x' }, [ @required[ 0, 1, 3 ], '/tmp' ], qr/--zoom .*'x'/ ],
	[ 'a wrong flag in the environment', { NACHET_QUIET => 'perhaps' }, [ @required, '/tmp' ], qr/NACHET_QUIET .*'perhaps'/ ],
	[ 'another on-error in the environment', { NACHET_ON_ERROR => 'other' }, [ @required, '/tmp' ], qr/NACHET_ON_ERROR must be stop or skip, not 'other'/ ],
	[ 'retries -1', {}, [ @required, '--retries=-1', '/tmp' ], qr/--retries .*'-1'/ ],
	[ 'retries many', {}, [ @required, '--retries=lots', '/tmp' ], qr/--retries .*'lots'/ ],
	[ 'a report on standard output', {}, [ @required, '--report=-', '/tmp' ], qr/--report requires a file/ ],
	[ 'a report nowhere', {}, [ @required, '--report=', '/tmp' ], qr/--report requires a file/ ],
	[ 'an empty pattern', {}, [ @required, '--include=', '/tmp' ], qr/--include: the pattern '' is empty/ ],
	[ 'a pattern that can match nothing', {}, [ @required, '--exclude', '../x', '/tmp' ], qr/--exclude: the pattern '..\/x' matches no path/ ],
	[ 'a wrong pattern in the environment', { NACHET_EXCLUDE => "*.x\na//b" }, [ @required, '/tmp' ], qr/--exclude: the pattern 'a\/\/b'/ ],
	[ 'a list for two folders', {}, [ @required, '--files-from=/dev/null', '/tmp', '/usr' ], qr/--files-from lists the files of one folder, but 2/ ],
	[ 'a list for a file', {}, [ @required, '--files-from=/dev/null', '/etc/passwd' ], qr/--files-from .*'\/etc\/passwd'/ ],
	[ '--from0 alone', {}, [ @required, '-0', '/tmp' ], qr/--from0 .*--files-from/ ],
	[ 'two ways to a seed', {}, [ @required, '--seed-from-folder', '/tmp' ], qr/--seed and --seed-from-folder exclude each other/ ],
	[ 'a list of folders', {}, [ @required[ 0, 2, 3 ], '--seed-from-folder', '--files-from=-', '/tmp' ], qr/--files-from and --seed-from-folder exclude/ ],
	[ 'one name for all seeds', {}, [ @required[ 0, 2, 3 ], '--seed-from-folder', '--name=n', '/tmp' ], qr/--name names one set/ ],
	[ 'neither seed', {}, [ @required[ 0, 2, 3 ], '/tmp' ], qr/missing: --seed \(/ ],
	[ 'a URL that is none', {}, [ @required, '--url=nonsense', '/tmp' ], qr/--url is not a URL/ ],
	[ 'a URL of another kind', {}, [ @required, '--url=ftp://h/', '/tmp' ], qr/--url must begin with https/ ],
	[ 'a password in a URL of a service', {}, [ @required, '--url=https://me:secret@h/', '/tmp' ], qr/--url must not contain a user or a password/ ],
	[ 'a URL with a query', {}, [ @required, '--url=https://h/?a=b', '/tmp' ], qr/--url must not contain '\?' or '#'/ ],
	[ 'two destinations', {}, [ @required, '--url=https://h/', '--dbname=x', '/tmp' ], qr/--url and --dbname exclude each other/ ],
	[ 'two destinations in the environment', { NACHET_URL => 'https://h/', NACHET_DBNAME => 'x' }, [ @required, '/tmp' ], qr/--url and --dbname exclude each other/ ],
	[ 'a script through a service', {}, [ @required, '--url=https://h/', '--sql', '/tmp' ], qr/--url and --sql exclude each other/ ],
	[ 'a token for nobody', {}, [ @required, '--token-file=/x', '/tmp' ], qr/--token-file and --cacert require --url/ ],
	[ 'a token in the clear', {}, [ @required, '--url=http://h/', '--token-file=/x', '/tmp' ], qr/--token-file requires an https:/ ],
	[ 'an email that is no UTF-8', {}, [ @required, '--url=https://h/', "--email=\xe9", '/tmp' ], qr/must be valid UTF-8/ ],
	(map { ; [ "zoom $_", {}, [ @required, "--zoom=$_", '/tmp' ], qr/--zoom .*'\Q$_\E'/ ] } '-5', '.', '1e', '1e999', '1e-999', '1 '),
	(map { ; [ "jobs '$_'", {}, [ @required, "--jobs=$_", '/tmp' ], qr/--jobs .*'\Q$_\E'/ ] } '', '1x', ' 1', '99999999999999999999'),
	(map { ; [ "a pattern $_", {}, [ @required, "--include=$_", '/tmp' ], qr/--include: the pattern '\Q$_\E' matches no path/ ] }
		'./x', 'a/./b', 'a/../b'),
	[ 'a pattern of nothing', {}, [ @required, '--include=/', '/tmp' ], qr/--include: the pattern '\/' is empty/ ],
	[ 'a long pattern', {}, [ @required, '--exclude=' . 'x' x 1025, '/tmp' ], qr/--exclude: the pattern 'x+' is too long/ ],
	[ 'an authority for nobody', {}, [ @required, '--cacert=/x', '/tmp' ], qr/--token-file and --cacert require --url/ ],
	[ 'a user in a URL of a service', {}, [ @required, '--url=https://me@h/', '/tmp' ], qr/--url must not contain a user or a password/ ],
	[ 'a URL with a fragment', {}, [ @required, '--url=HTTPS://h/#f', '/tmp' ], qr/--url must not contain '\?' or '#'/ ],
	(map { ; [ "a token in the clear to $_", {}, [ @required, "--url=http://$_/", '--token-file=/x', '/tmp' ], qr/--token-file requires an https:/ ] }
		'192.0.2.1', '128.0.0.1', 'localhost.example', '[::2]'),
	[ 'a script and JSON', {}, [ @required, '--sql', '--json', '/tmp' ], qr/--sql can't be used with --seed-from-folder, --json or --report/ ],
	[ 'a script and a report', {}, [ @required, '--sql', '--report=x', '/tmp' ], qr/--sql can't be used with/ ],
	[ 'a script of folders of seeds', {}, [ @required[ 0, 2, 3 ], '--sql', '--seed-from-folder', '/tmp' ], qr/--sql can't be used with/ ],
	[ 'a script that stores nothing', {}, [ @required, '--sql', '-n', '/tmp' ], qr/--dry-run can't be used with --sql/ ],
	[ 'a script with a name that is no UTF-8', {}, [ @required, '--sql', "--name=\xff", '/tmp' ], qr/--name: the name '\\xff' is not valid UTF-8/ ],
	[ 'a script for an email that is no UTF-8', {}, [ @required, '--sql', "--email=\xff", '/tmp' ], qr/must be valid UTF-8/ ],
	[ '--name for two sets', {}, [ @required, '--name=n', '/tmp', '/usr' ], qr/--name names one set/ ],
);
for my $case (@wrong)
{
	my ($what, $env, $args, $words) = @$case;
	($status, $out, $err) = load($env, @$args);
	is($status, 2, "$what: status 2");
	is($out, '', "$what: nothing on standard output");
	like($err, qr/\Anachet-load: error: [^\n]*$words[^\n]*\n\z/, "$what: one line that tells");
	unlike($err, qr/secret/, "$what: no secret in it") if $what =~ /password/;
}

# Numbers and words are judged once all options have been read.
my %none = (NACHET_JOBS => 'none', NACHET_RETRIES => 'none', NACHET_NB_SEEDS => 'none', NACHET_ON_ERROR => 'none');
($status, $out, $err) = load(\%none, '--help');
is($status, 0, '--help does not depend on the values beside it');
($status, $out, $err) = load(\%none, @required, '-j1', '--retries=0', '--on-error=skip', '--sql', '/nonexistent');
is($status, 1, 'options override invalid variables');
like($err, qr/nonexistent/, 'options override invalid variables: it gets as far as the folder');

# Of --url and --dbname the one on the command line goes before the one in the environment.
for my $case (
	[ { NACHET_URL => 'http://127.0.0.1:1' }, [ '--dbname', 'host=/nonexistent' ], 'database' ],
	[ { NACHET_DBNAME => 'host=/nonexistent', NACHET_TOKEN_FILE => undef }, [ '--url', 'http://127.0.0.1:1' ], 'service' ],
	[ { NACHET_URL => 'http://127.0.0.1:1', NACHET_TOKEN_FILE => '/nonexistent' }, [ '--dbname', 'host=/nonexistent' ], 'database' ])
{
	my ($env, $args, $where) = @$case;
	($status, $out, $err) = load({ %$env, no_proxy => '*' }, @required, @$args, '/tmp');
	is($status, 4, "@$args goes before @{[ %{ { map { $_ => $env->{$_} // '' } keys %$env } } ]}");
	like($err, qr/no connection to the $where/,
		"@$args goes before @{[ %{ { map { $_ => $env->{$_} // '' } keys %$env } } ]}: to the $where");
}

done_testing;
