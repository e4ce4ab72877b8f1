# test/lib/Nachet/CleanUp.pm: what is undone when a test ends, even if it dies or is interrupted.
#
# Rule: only the process that made something undoes it; programs end first, then clusters, disks and
# folders go.
#
#   at_end('folder', $path, sub { remove_tree($path) });
#   undo('folder', $path);       # now, not at the end
#   undone('folder', $path);     # somebody else did
package Nachet::CleanUp;

use strict;
use warnings;

use Exporter 'import';
use POSIX ();

our @EXPORT_OK = qw(at_end is_owner undo undone);

my @ORDER = qw(program cluster disk folder);
my $owner = $$;
my %undo;

sub is_owner { return $$ == $owner }
sub at_end { my ($kind, $name, $code) = @_; $undo{$kind}{$name} = $code; return }
sub undone { my ($kind, $name) = @_; delete $undo{$kind}{$name}; return }

# Returns whether there was anything to undo.
sub undo
{
	my ($kind, $name) = @_;
	my $code = delete $undo{$kind}{$name} or return 0;
	$code->();
	return 1;
}

sub _undo_all
{
	return if !is_owner();
	local ($?, $@, $!);
	for my $kind (@ORDER) { undo($kind, $_) for keys %{ $undo{$kind} } }
	return;
}

my %number = (HUP => 1, INT => 2, TERM => 15);
for my $signal (keys %number)
{
	$SIG{$signal} = sub {
		POSIX::_exit(128 + $number{$signal}) if !is_owner();
		exit 128 + $number{$signal};
	};
}
END { _undo_all() }

1;
