# test/lib/Nachet/Loader.pm: what tests of an import share: a folder of pictures, a table that is
# locked, the set in the end.
#
# Rule: a lock that another session holds stops the loader, or the service, at a known place;
# nothing here depends on timing.
#
#   my $store = Nachet::Test->new;
#   my ($folder, $files) = make_folder($store, 'a seed of its pictures');
#   my $held = hold($store, 'nachet.content_chunk');
#   my $loader = $store->start_load(@required, $folder);
#   wait_until_stopped($store, $loader, 'nachet.content_chunk');
#   let_go($held);
#   is($loader->wait(60), 0, 'the import succeeds');
#   is_whole($store, $loader->out, $files, 'the set has every byte');
package Nachet::Loader;

use strict;
use warnings;

use Exporter 'import';
use Nachet::Session ();
use Nachet::Test ();
use Test::More ();

our @EXPORT_OK = qw(@required hold is_whole let_go make_folder set_files wait_until_stopped);

# The options that every import needs.
our @required =
	('--email', $Nachet::Test::EMAIL, '--seed', 'Brassica napus', '--zoom', 20, '--nb-seeds', 5);

# A session that holds a table until it is let go.
sub hold
{
	my ($store, $table) = @_;
	my $session = Nachet::Session->new($store);
	my $answer = $session->run("BEGIN; LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
	die "no lock on $table: $answer\n" if $answer ne '';
	return $session;
}

sub let_go { my ($session) = @_; $session->run('COMMIT'); return }

# Waits until nachet-load waits for a table. Options:
#   by => program   the one that waits, instead of nachet-load
#   count => n      so many of its connections wait (default 1)
sub wait_until_stopped
{
	my ($store, $loader, $table, %options) = @_;
	my $program = $options{by} // 'nachet-load';
	my $waiting = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE NOT granted AND relation = '$table'::regclass AND application_name = '$program'";
	return Nachet::Test::poll_until(
		sub {
			die 'nachet-load ended: ' . $loader->err if !$loader->is_running;
			return $store->psql($waiting) >= ($options{count} // 1);
		}, 60) || die "$program does not wait for $table";
}

# A new folder of 21 pictures, of which one is sent in several chunks; another seed gives other
# bytes. Returns its path and its files: name => bytes.
sub make_folder
{
	my ($store, $seed) = @_;
	my $folder = $store->tempdir . '/pictures';
	my %files = map { ; "small/$_.gif" => Nachet::Test::gif("$seed $_") } 1 .. 20;
	$files{'x-large.tif'} = Nachet::Test::tiff(12_000_000, $seed);
	Nachet::Test::write_file("$folder/$_", $files{$_}) for keys %files;
	return ($folder, \%files);
}

# What a set holds: name => SHA-256 of the stored bytes. Options are those of psql.
sub set_files
{
	my ($store, $id, %options) = @_;
	chomp $id;
	my $rows = $store->psql("SELECT name || E'\\t' || encode(sha256(nachet.picture_content(id)), 'hex')
		FROM nachet.picture WHERE picture_set_id = '$id'", %options);
	return { map { split /\t/, $_, 2 } split /\n/, $rows };
}

# The set has these files, name => bytes, and no others.
sub is_whole
{
	my ($store, $id, $files, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %wanted = map { $_ => Nachet::Test::sha256($files->{$_}) } keys %$files;
	return Test::More::is_deeply(set_files($store, $id), \%wanted, $what);
}

1;
