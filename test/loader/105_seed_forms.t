#!/usr/bin/env perl
# test/loader/105_seed_forms.t: a seed is found in whatever form its name comes: macOS gives
# folders' names in another Unicode form than people type.
use strict;
use warnings;
use utf8;

use Encode qw(encode);
use FindBin ();
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Nachet::Test qw(gif write_file);
use Test::More;
use Unicode::Normalize qw(NFC NFD);

my $store = Nachet::Test->new;
my @who = ('--email', 'someone@example.org', '--zoom', 20, '--nb-seeds', 5);
my $name = NFC('Épervière orangée');
$store->psql(encode('UTF-8', "SELECT nachet.register_seed('$name')"));

sub bytes { my ($text) = @_; return encode('UTF-8', $text) }

# The seeds of a set's pictures, as they are registered.
sub seed_of
{
	my ($id) = @_;
	chomp $id;
	return $store->psql("SELECT string_agg(DISTINCT d.name, ',') FROM nachet.picture p
		JOIN nachet.picture_seed ps ON ps.picture_id = p.id JOIN nachet.seed d ON d.id = ps.seed_id WHERE p.picture_set_id = '$id'");
}

my $folder = $store->tempdir . '/session';
write_file("$folder/a.gif", gif('a'));
my ($status, $set, $err) = $store->run_load(@who, '--seed', bytes($name), $folder);
is($status, 0, 'a seed by its name') or diag($err);

my %form = (
	'in the other Unicode form' => NFD($name),
	'in capitals' => uc $name,
	'with two blanks' => $name =~ s/ /  /r,
	'with a blank that does not break' => $name =~ s/ /\x{a0}/r,
	'in another form, case and with more blanks' => NFD(' ' . uc($name =~ s/ /\x{a0} /r)),
);
my $service = $store->start_http;
for my $what (sort keys %form)
{
	my ($again, $out);
	($status, $out, $err) = $store->run_load(@who, '--seed', bytes($form{$what}), $folder);
	is($status, 0, "the seed $what") or diag($err);
	is($out, $set, "the seed $what: gives the same set");
	($status, $out, $err) = $store->run_load(@who, '--seed', bytes($form{$what}), '--url', $service->url, $folder);
	is($out, $set, "the seed $what: also through the service") or diag($err);
	($status, my $script, $err) = $store->run_load(@who, '--seed', bytes($form{$what}), '--sql', $folder);
	($status, $again, $err) = $store->psql_result($script, role => 'importer');
	is("$again\n", $set, "the seed $what: by a script") or diag($err);
}
is($store->psql('SELECT count(*) FROM nachet.picture_set'), 1, 'all these were one set');
is(seed_of($set), bytes($name), 'all these were one set: of the one seed');

# Folders as a Mac, or an archive of one, names them.
my $mac = $store->tempdir . '/mac';
my %seed_of = (NFD($name) => $name, NFD('BRASSICA NAPUS') => 'Brassica napus');
write_file(bytes("$mac/$_/a.gif"), gif(bytes($_))) for keys %seed_of;
write_file("$mac/.DS_Store", 'notes');
($status, my $out, $err) = $store->run_load(@who, '--seed-from-folder', '--json', $mac);
is($status, 0, 'folders whose names are seeds in another form') or diag($err);
my %id = map { $_->{folder} => $_->{picture_set_id} } grep { $_->{message_type} eq 'summary' } map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
for my $given (sort keys %seed_of)
{
	my $id = $id{"$mac/$given"};
	is(seed_of($id), bytes($seed_of{$given}), bytes("'$given' names the registered seed"));
	is($store->psql("SELECT name FROM nachet.picture_set WHERE id = '$id'"), bytes($given),
		bytes("'$given' is the name of its set"));
}
($status, my $again) = $store->run_load(@who, '--seed-from-folder', $mac);
is_deeply([ sort split /\n/, $again ], [ sort values %id ], 'the same again gives the same sets');

# A name that is none says in what it differs from one, also where the eye sees no difference.
($status, $out, $err) = $store->run_load(@who, '--seed', bytes("Brassica n\x{430}pus"), $folder);
is($status, 1, 'a Cyrillic letter is another name');
like($err, qr/hint: Perhaps you meant "Brassica napus": .*U\+0061.*U\+0430/,
	'a Cyrillic letter is another name: is told');
write_file(bytes("$mac/Brassica n\x{430}pus/a.gif"), gif('Cyrillic'));
($status, $out, $err) = $store->run_load(@who, '--seed-from-folder', $mac);
is("$status$out", '1', 'a Cyrillic letter is another name: also of a folder, before anything is imported');
like($err, qr/hint: Perhaps you meant "Brassica napus": .*U\+0061.*U\+0430/,
	'a Cyrillic letter is another name: with the same hint');

# Names that were registered twice before that was refused: each is found exactly, and no other form of them.
$store->psql("INSERT INTO nachet.seed (name) VALUES ('brassica napus')");
($status, $out) = $store->run_load(@who, '--seed', 'brassica napus', $folder);
is(seed_of($out), 'brassica napus', 'of two alike seeds each is found by its exact name');
($status, $out) = $store->run_load(@who, '--seed', 'Brassica napus', $folder);
is(seed_of($out), 'Brassica napus', 'of two alike seeds each is found by its exact name: the other too');
($status, $out, $err) = $store->run_load(@who, '--seed', 'BRASSICA NAPUS', $folder);
is("$status$out", '1', 'of two alike seeds each is found by its exact name: a form of both is refused');
like($err, qr/hint: .*"Brassica napus", which differs in case, or "brassica napus", which differs in case/,
	'of two alike seeds each is found by its exact name: naming both, and in what they differ');

done_testing;
