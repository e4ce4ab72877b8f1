# test/lib/Nachet/Front.pm: what may stand between a client and nachet-http: a server that hands requests on, or does not.
#
# Rule: it serves one connection after another, so its clients send over one; a request's body is read before anything is
# answered, but where the rule says otherwise. It ends with the test.
#
#   my $front = Nachet::Front->new($http->port, sub { my ($count, $path) = @_; return 'HTTP/1.1 503 ...' if $count == 3; return });
#
# The rule is asked about each request, counted from 1, and decides what becomes of it:
#   undef            it is handed on, and so is its answer
#   "HTTP/1.1 ..."   that is answered, at once where the client waits for leave to send; the connection ends
#   { cut => N }     after N bytes of the body the connection ends
#   { lose => 1 }    it is handed on, its answer is lost, and the connection ends
package Nachet::Front;

use strict;
use warnings;

use IO::Socket::INET ();
use POSIX ();

use Nachet::Test ();

sub new
{
	my ($class, $port, $rule) = @_;
	my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "listen: $!";
	my $self = bless { port => $listener->sockport, log => Nachet::Test::tempdir() . '/requests', owner => $$ }, $class;
	$self->{pid} = fork // die "fork: $!";
	return $self if $self->{pid};
	$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
	$SIG{PIPE} = 'IGNORE';
	my $count = 0;
	while (my $client = $listener->accept) { eval { _serve($self, $client, $port, $rule, \$count) } }
	POSIX::_exit(0);
}

sub url { return "http://127.0.0.1:$_[0]{port}" }

# The heads of all requests so far.
sub requests { my ($self) = @_; return -e $self->{log} ? Nachet::Test::slurp($self->{log}) : '' }

sub _read_head
{
	my ($socket) = @_;
	my $head = '';
	while ($head !~ /\r\n\r\n\z/) { sysread($socket, $head, 1, length $head) or return }
	return $head;
}

sub _copy
{
	my ($from, $to, $length) = @_;
	while ($length > 0)
	{
		my $got = sysread $from, my $bytes, $length < 65536 ? $length : 65536;
		die 'gone' if !$got;
		$length -= $got;
		print {$to} $bytes or die 'gone' if $to;
	}
	return;
}

sub _serve
{
	my ($self, $client, $port, $rule, $count) = @_;
	$client->autoflush(1);
	while (defined(my $head = _read_head($client)))
	{
		open my $log, '>>', $self->{log} or die $!;
		print {$log} $head;
		close $log;
		my ($path) = $head =~ m{\A[A-Z]+ (\S+)};
		my $length = $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;
		my $fate = $rule->(++$$count, $path, $length);
		my $waits = $head =~ s/^Expect: .*\r\n//mi;
		if (defined $fate && !ref $fate)
		{
			_copy($client, undef, $length) if !$waits;
			print {$client} $fate;
			return;
		}
		print {$client} "HTTP/1.1 100 Continue\r\n\r\n" if $waits;
		if (defined $fate && defined $fate->{cut}) { _copy($client, undef, $fate->{cut}); return }
		return if !_hand_on($client, $port, $head, $length, $fate);
	}
	return;
}

sub _hand_on
{
	my ($client, $port, $head, $length, $fate) = @_;
	my $service = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return 0;
	$service->autoflush(1);
	print {$service} $head;
	_copy($client, $service, $length);
	my $answer = _read_head($service) // return 0;
	my ($answer_length) = $answer =~ /^Content-Length: (\d+)/mi;
	if ($fate) { _copy($service, undef, $answer_length); return 0 }
	print {$client} $answer;
	_copy($service, $client, $answer_length);
	return 1;
}

sub DESTROY
{
	my ($self) = @_;
	return if $$ != $self->{owner};
	local ($?, $@, $!);
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

1;
