#!/usr/bin/env perl
# test/loader/100_seed_folders.t: --seed-from-folder: each folder within the given one is a set,
# whose seed is the folder's name; all are asked about first.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(gif write_file slurp);
use Test::More;

my $store = Nachet::Test->new;
my @required = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5, '--seed-from-folder');
my ($status, $out, $err);

sub count_rows { my ($table) = @_; return $store->psql("SELECT count(*) FROM nachet.$table") }

sub sets
{
	return [ split /\n/, $store->psql("SELECT s.name || '|' || string_agg(DISTINCT d.name, ',') || '|' || string_agg(p.name, ',' ORDER BY p.name COLLATE \"C\")
		FROM nachet.picture_set s JOIN nachet.picture p ON p.picture_set_id = s.id
		JOIN nachet.picture_seed ps ON ps.picture_id = p.id JOIN nachet.seed d ON d.id = ps.seed_id
		GROUP BY s.id, s.name ORDER BY s.name COLLATE \"C\"") ];
}

my $folder = $store->tempdir . '/training';
write_file("$folder/Brassica napus/$_.gif", gif("napus $_")) for 1 .. 2;
write_file("$folder/Brassica juncea/below/$_.gif", gif("juncea $_")) for 1 .. 2;
write_file("$folder/.DS_Store", 'clutter');

# Misspelt names, and files that have no seed: all named, nothing sent.
write_file("$folder/$_/a.gif", gif('a')) for 'Brasica napus', 'Brassica_juncea', 'zzz';
write_file("$folder/beside.gif", gif('beside'));
($status, $out, $err) = $store->run_load(@required, $folder);
is($status, 1, 'folders that are no seeds');
is($out, '', 'folders that are no seeds: make no set');
like($err, qr{error: \Q$folder\E/\Q$_\E: .*\Q$_\E.*not registered},
	"folders that are no seeds: '$_' is named") for 'Brasica napus', 'Brassica_juncea', 'zzz';
like($err, qr{hint: .*Brassica napus.*hint: .*Brassica juncea}s,
	'folders that are no seeds: with the nearest seeds');
like($err, qr{error: \Q$folder\E/beside\.gif: .*not inside a seed folder},
	'folders that are no seeds: and so is a file beside them');
is(count_rows('content') + count_rows('picture_set'), 0, 'folders that are no seeds: nothing is sent');
($status, $out, $err) = $store->run_load(@required, '--exclude', 'Bras[i_]*', '--exclude', 'Brasica*', '--exclude', 'Brassica_*', $folder);
is($status, 1, 'a file beside the folders is enough') or diag($err);
like($err, qr/zzz/, 'a file beside the folders is enough: as is one folder');

# Exclusion sets things right; include speaks of the files.
($status, $out, $err) = $store->run_load(@required, '--include', '1.gif', '--exclude', 'Brasica*', '--exclude', 'Brassica_juncea', '--exclude', '/zzz/', $folder);
is($status, 0, 'what is excluded is not asked about') or diag($err);
like($out, qr/\A(?:[0-9a-f-]{36}\n){2}\z/, 'what is excluded is not asked about: two ids');
is_deeply(sets(), [ 'Brassica juncea|Brassica juncea|below/1.gif', 'Brassica napus|Brassica napus|1.gif' ],
	'what is excluded is not asked about: of sets named by the folders, with their seeds');
my ($juncea, $napus) = split /\n/, $out;
is($store->psql("SELECT name FROM nachet.picture_set WHERE id = '$juncea'"), 'Brassica juncea',
	'what is excluded is not asked about: in the order of the names');
$store->psql("SELECT nachet.delete_picture_set('$_')") for $juncea, $napus;

# As it should be; a second run gives the same.
system('rm', '-rf', "$folder/Brasica napus", "$folder/Brassica_juncea", "$folder/zzz", "$folder/beside.gif");
symlink 'Brassica napus', "$folder/Brassica nigra" or die $!;
($status, $out, $err) = $store->run_load(@required, $folder);
is($status, 3, 'a folder of folders') or diag($err);
is_deeply(sets(), [ 'Brassica juncea|Brassica juncea|below/1.gif,below/2.gif', 'Brassica napus|Brassica napus|1.gif,2.gif' ],
	'a folder of folders: is a set for each');
like($err, qr{Brassica nigra: left out: is a symbolic link}, 'a folder of folders: but for a link');
my ($again) = ($store->run_load(@required, "$folder/"))[1];
is($again, $out, 'a folder of folders: again the same');
my ($status2, $out2, $err2) = $store->run_load('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5, '--seed', 'Brassica napus',
	"$folder/Brassica napus");
is($out2, (split /\n/, $out)[1] . "\n",
	"$folder/Brassica napus, which is the set that --seed makes of that folder");
($status, $out, $err) = $store->run_load({ env => { NACHET_SEED => 'Brassica napus' } }, @required, $folder);
is($out, $again, 'a seed in the environment gives way');

# Several; one that fails; errors that end it all.
my $second = $store->tempdir . '/second';
write_file("$second/Brassica napus/text.gif", 'text');
($status, $out, $err) = $store->run_load(@required, $folder, $second);
is($status, 5, 'a folder that fails later does not take the others along');
is($out, $again, 'a folder that fails later does not take the others along, which are there');
($status, $out, $err) = $store->run_load(@required, '--email', 'stranger@example.org', $folder);
is($status, 1, 'an unknown user');
is(() = $err =~ /stranger\@example\.org/g, 1, 'an unknown user: is named once');
my $empty = $store->tempdir;
($status, $out, $err) = $store->run_load(@required, $empty, "$empty/nowhere", "$folder/Brassica napus/1.gif");
is($status, 1, 'folders without folders');
like($err, qr{\Q$empty\E: contains no seed folder}, 'folders without folders: are named');
like($err, qr{\Q$empty\E/nowhere: No such file}, 'folders without folders: missing ones too');
like($err, qr{1\.gif: Not a directory}, 'folders without folders: files');

done_testing;
