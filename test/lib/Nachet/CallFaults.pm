# test/lib/Nachet/CallFaults.pm: makes one call of a program fail (test/lib/call_faults.c), and walks through all of them.
#
#   my $faults = Nachet::CallFaults->new('libjansson');    # its calls count too, beside the program's own
#   run_command({ env => { $faults->env } }, ...);
#   $faults->arm('memory', 3, ENOMEM);                     # the third allocation from now on fails, and no other
#   $faults->arm('memory', 3, ENOMEM, 1);                  # ... and all later ones
#   $faults->failed                                        # how many have failed since
package Nachet::CallFaults;

use strict;
use warnings;

use Nachet::Test ();

my $library;

sub new
{
	my ($class, @callers) = @_;
	if (!defined $library)
	{
		$library = Nachet::Test::tempdir() . '/call_faults.so';
		my ($status, undef, $err) = Nachet::Test::run_command(split(' ', $ENV{CC} // 'cc'), '-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror',
			'-fno-builtin', '-o', $library, "$Nachet::Test::ROOT/test/lib/call_faults.c", '-ldl');
		die "call_faults.c: $err" if $status != 0;
	}
	my $self = bless { callers => join(':', @callers), plan => Nachet::Test::tempdir() . '/plan' }, $class;
	Nachet::Test::write_file($self->{plan}, pack 'a32 l l q q', '', 0, 0, 0, 0);
	open $self->{file}, '+<:raw', $self->{plan} or die "$self->{plan}: $!";
	return $self;
}

# A program that was built with ASan wants to come before the library, and does without.
sub env
{
	my ($self) = @_;
	return (LD_PRELOAD => $library, FAULT_PLAN => $self->{plan}, FAULT_CALLERS => $self->{callers},
		ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0', 'allocator_may_return_null=1'));
}

sub _put
{
	my ($self, $at, $bytes) = @_;
	sysseek $self->{file}, $at, 0 or die "$self->{plan}: $!";
	syswrite($self->{file}, $bytes) // die "$self->{plan}: $!";
	return;
}

# The count comes last: a program that runs sees the rest before it.
sub arm
{
	my ($self, $what, $nth, $error, $lasting) = @_;
	$self->_put(40, pack 'q q', 0, 0);
	$self->_put(0, pack 'a32 l l', $what, $error, $lasting // 0);
	$self->_put(40, pack 'q', $nth);
	return;
}

# Lets the code run a program again and again, with each call of the group failing in its turn; the last run meets no fault.
# Options: lasting, step (only each so manieth call fails). Returns what the code returned, a list each.
sub walk
{
	my ($self, $what, $error, $code, %options) = @_;
	my @ends;
	for my $turn (0 .. 1000)
	{
		$self->arm($what, 1 + $turn * ($options{step} // 1), $error, $options{lasting});
		push @ends, [ $code->() ];
		return @ends if $self->failed == 0;
	}
	die "$what: no end in sight";
}

sub disarm { my ($self) = @_; return $self->arm('', 0, 0) }

sub failed
{
	my ($self) = @_;
	sysseek $self->{file}, 48, 0 or die "$self->{plan}: $!";
	sysread $self->{file}, my $bytes, 8 or die "$self->{plan}: $!";
	return unpack 'q', $bytes;
}

1;
