#!/usr/bin/env perl
# test/loader/030_refused.t: what is no picture, can't be read or may not be imported: named with
# its reason, and nothing is stored.
use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/../lib";
use Nachet::Loader qw(@required);
use Nachet::Test qw(png gif jpeg write_file run_command);
use IO::Socket::UNIX ();
use POSIX ();
use Test::More;

my $store = Nachet::Test->new;

sub is_nothing_stored
{
	my ($what) = @_;
	is($store->psql('SELECT (SELECT count(*) FROM nachet.content_chunk) + (SELECT count(*) FROM nachet.content)
		+ (SELECT count(*) FROM nachet.picture) + (SELECT count(*) FROM nachet.picture_set)'), 0, "$what: nothing is stored");
}

# Bad files.
my $folder = $store->tempdir . '/bad';
my $jpeg = jpeg('cut', 5000);
write_file("$folder/good.png", png(20, 20, 'good'));
write_file("$folder/sub/truncated.jpg", substr $jpeg, 0, length($jpeg) - 500);
write_file("$folder/text.png", "This is no picture.\n");
my $damaged = png(20, 20, 'damaged');
substr($damaged, 600, 1) ^= "\x04";
write_file("$folder/damaged.png", $damaged);
write_file("$folder/empty.gif", '');
write_file("$folder/.DS_Store", 'clutter');
write_file("$folder/Thumbs.db", 'clutter');
my ($status, $out, $err) = $store->run_load(@required, $folder);
is($status, 1, 'a folder with bad files is not imported');
is($out, '', 'a folder with bad files is not imported: no id');
like($err, qr/^nachet-load: error: \Q$folder\E\/sub\/truncated\.jpg: truncated JPEG: .+/m,
	'a folder with bad files is not imported: the truncated JPEG is named');
like($err, qr/^nachet-load: error: \Q$folder\E\/text\.png: not a picture.*/m,
	'a folder with bad files is not imported: the text too');
like($err, qr/^nachet-load: error: \Q$folder\E\/damaged\.png: PNG: damaged: .*CRC$/m,
	'a folder with bad files is not imported: one flipped bit in a PNG');
like($err, qr/^nachet-load: error: \Q$folder\E\/empty\.gif: is empty$/m,
	'a folder with bad files is not imported: the empty file');
unlike($err, qr/good\.png|error.*(?:DS_Store|Thumbs)/, 'a folder with bad files is not imported: no other');
is_nothing_stored('bad files');

# All of many are listed.
my $many = $store->tempdir . '/many';
write_file(sprintf('%s/%04d.gif', $many, $_), $_ % 2 ? 'text' : gif($_)) for 1 .. 600;
($status, $out, $err) = $store->run_load(@required, $many);
is($status, 1, 'many bad files');
my @named = $err =~ m{^nachet-load: error: \Q$many\E/(\d+)\.gif: }mg;
is_deeply([ sort @named ], [ map { sprintf '%04d', $_ } grep { $_ % 2 } 1 .. 600 ],
	'many bad files: are all named, once');
is_nothing_stored('many bad files');

# Links and special files: never followed, never waited for.
my $special = $store->tempdir . '/special';
write_file("$special/good.gif", gif('good'));
POSIX::mkfifo("$special/pipe.png", 0600) or die $!;
my $socket = IO::Socket::UNIX->new(Local => "$special/socket.png", Listen => 1) or die $!;
($status, $out, $err) = $store->run_load({ timeout => 60 }, @required, $special);
is($status, 1, 'a pipe and a socket stop an import and do not hang it');
like($err, qr{special/$_\.png: is not a regular file},
	"a pipe and a socket stop an import and do not hang it: the $_ is named") for 'pipe', 'socket';
is_nothing_stored('special files');
unlink "$special/pipe.png", "$special/socket.png";

# Names.
my $names = $store->tempdir . '/names';
write_file("$names/good.gif", gif('good'));
write_file("$names/new\nline\e[31m.gif", gif('line'));
write_file("$names/latin\xe9.gif", gif('latin'));
($status, $out, $err) = $store->run_load(@required, $names);
is($status, 1, 'names that no picture may have stop an import');
like($err, qr{/new\\x0aline\\x1b\[31m\.gif: its name },
	'names that no picture may have stop an import: a control character is named and not sent to the terminal');
like($err, qr{/latin\\xe9\.gif: its name },
	'names that no picture may have stop an import: what is not UTF-8');
is_nothing_stored('bad names');

# Folders.
my $empty = $store->tempdir . '/empty';
write_file("$empty/below/.DS_Store", 'clutter');
($status, $out, $err) = $store->run_load(@required, $empty);
is($status, 1, 'a folder without pictures is an error');
like($err, qr/\Q$empty\E: not imported: it contains no picture/,
	'a folder without pictures is an error: named');
($status, $out, $err) = $store->run_load(@required, "$empty/nowhere");
is($status, 1, 'a folder that is not there is an error');
like($err, qr/\Q$empty\E\/nowhere: No such file or directory/,
	'a folder that is not there is an error: named');
is_nothing_stored('bad folders');

# Files that can't be read: never skipped. Root reads all, so the user that the server runs as does it.
SKIP: {
	my ($user, $group) = (stat $store->socket_folder)[4, 5];
	my @as = $> == 0 ? ('setpriv', "--reuid=$user", "--regid=$group", '--clear-groups') : ();
	my ($reachable) = run_command({ cwd => '/' }, @as, 'test', '-x', $store->nachet_load);
	skip 'no other user can run nachet-load here', 6 if $reachable != 0;
	my $closed = $store->tempdir . '/closed';
	write_file("$closed/good.gif", gif('good'));
	write_file("$closed/secret.gif", gif('secret'));
	write_file("$closed/below/hidden.gif", gif('hidden'));
	chmod 0, "$closed/secret.gif", "$closed/below";
	for my $how ('stop', 'skip')
	{
		($status, $out, $err) = run_command({ env => { $store->env('importer') } },
			@as, $store->nachet_load, @required, "--on-error=$how", $closed);
		is($status, 1, "what can't be read stops an import, also with --on-error=$how");
		like($err, qr{closed/secret\.gif: Permission denied},
			"what can't be read stops an import, also with --on-error=$how: the file is named");
		like($err, qr{closed/below: Permission denied},
			"what can't be read stops an import, also with --on-error=$how: the folder");
	}
	chmod 0755, "$closed/below";
}
is_nothing_stored('unreadable files');

# Who and what.
my $good = $store->tempdir . '/good';
write_file("$good/a.gif", gif('a'));
($status, $out, $err) = $store->run_load(@required, '--email', 'stranger@example.org', $good);
is($status, 1, 'an unknown user may not import');
like($err, qr/^nachet-load: error: .*stranger\@example\.org/m, 'an unknown user may not import: is named');
($status, $out, $err) = $store->run_load(@required, '--seed', 'Brasica napus', $good);
is($status, 1, 'an unknown seed is refused');
like($err, qr/^nachet-load: error: .*Brasica napus/m, 'an unknown seed is refused: named');
like($err, qr/^nachet-load: hint: .*Brassica napus/m, 'an unknown seed is refused: with the nearest one');
$store->create_role('nobody_much');
($status, $out, $err) = $store->run_load({ role => 'nobody_much' }, @required, $good);
is($status, 1, 'a role without privileges can import nothing');
like($err, qr/permission denied/, 'a role without privileges can import nothing: is told');
is_nothing_stored('refused users and seeds');

# --on-error=skip.
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', $folder);
is($status, 3, '--on-error=skip imports the rest, with status 3') or diag($err);
like($out, qr/\A[0-9a-f-]{36}\n\z/, '--on-error=skip imports the rest, with status 3: with an id');
is($store->psql('SELECT string_agg(name, \',\') FROM nachet.picture'), 'good.png',
	'--on-error=skip imports the rest, with status 3: of the good pictures');
like($err, qr/; 4 rejected, 2 machine-made;/,
	'--on-error=skip imports the rest, with status 3: says how many it rejected');
like($err, qr{/\Q$_\E: },
	"--on-error=skip imports the rest, with status 3: naming $_") for 'sub/truncated.jpg', 'text.png', 'empty.gif';
($status, $out, $err) = $store->run_load(@required, '--on-error=skip', "$folder/text.png", "$folder/empty.gif");
is($status, 1, '--on-error=skip imports the rest, with status 3: but nothing at all is no set');
is($out, '', '--on-error=skip imports the rest, with status 3: has no id');

# Symbolic links are left out with a word.
symlink "$folder/good.png", "$special/link.png" or die $!;
symlink $folder, "$special/folder" or die $!;
symlink '.', "$special/loop" or die $!;
($status, $out, $err) = $store->run_load(@required, $special);
is($status, 3, 'symbolic links within a folder do not stop it, but are told by the status') or diag($err);
like($err, qr{warning: \Q$special\E/$_: left out: is a symbolic link},
	"symbolic links within a folder do not stop it, but are told by the status: $_ is named") for 'link.png', 'folder', 'loop';
chomp $out;
is($store->psql("SELECT string_agg(name, ',') FROM nachet.picture WHERE picture_set_id = '$out'"), 'good.gif',
	'symbolic links within a folder do not stop it, but are told by the status: not followed');

done_testing;
