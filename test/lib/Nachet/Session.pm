# test/lib/Nachet/Session.pm: one psql that stays connected, so that a test can let two transactions meet.
#
# Rule: send() returns at once, and finished() tells whether the server has answered; nothing here waits for a time.
#
#   my $session = Nachet::Session->new($store, 'importer');
#   $session->run('BEGIN');                 # returns what psql printed, errors as 'ERROR: <SQLSTATE>'
#   $session->send('SELECT ...');           # may block in the server
#   $session->waits                         # true once it waits for a lock
#   my $answer = $session->answer;          # waits for the end of what was sent
package Nachet::Session;

use strict;
use warnings;

use IPC::Open3 ();
use Nachet::Test ();

my $count = 0;

sub new
{
	my ($class, $store, $role) = @_;
	my $self = bless { store => $store, printed => '', mark => 0 }, $class;
	my %env = $store->env($role);
	local %ENV = %ENV;
	for my $name (keys %env) { defined $env{$name} ? ($ENV{$name} = $env{$name}) : delete $ENV{$name} }
	$self->{pid} = IPC::Open3::open3(my $in, my $out, undef, 'psql', '-X', '-q', '-A', '-t', '-v', 'VERBOSITY=sqlstate');
	$out->blocking(0);
	@$self{qw(in out)} = ($in, $out);
	$in->autoflush(1);
	$self->{backend} = $self->run('SELECT pg_backend_pid()');
	return $self;
}

sub send
{
	my ($self, $sql) = @_;
	$self->{marker} = sprintf '== %d ==', ++$count;
	print { $self->{in} } "$sql\n;\n\\echo $self->{marker}\n";
	return;
}

sub finished
{
	my ($self) = @_;
	while (sysread($self->{out}, my $bytes, 65536)) { $self->{printed} .= $bytes }
	return index($self->{printed}, $self->{marker}) >= 0;
}

sub answer
{
	my ($self) = @_;
	Nachet::Test::poll_until(sub { $self->finished }, 60) or die "no answer; so far: $self->{printed}\n";
	$self->{printed} =~ s/\A(.*?)\Q$self->{marker}\E\n//s;
	my $answer = $1;
	$answer =~ s/\n\z//;
	return $answer;
}

sub run
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->answer;
}

# Whether what was sent waits for another's lock by now; false if it ends instead.
sub waits
{
	my ($self) = @_;
	return Nachet::Test::poll_until(
		sub {
			return -1 if $self->finished;
			return $self->{store}->psql("SELECT 1 FROM pg_stat_activity WHERE pid = $self->{backend} AND wait_event_type = 'Lock'");
		}, 60) > 0;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@, $!);
	close $self->{in};
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

1;
