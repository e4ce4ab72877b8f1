# test/lib/Nachet/Process.pm: runs programs to their end or in the background, and waits for them.
#
#   my ($status, $out, $err) = run_command({ timeout => 30 }, 'psql', '--version');
#   my $program = start_command('sleep', 600);
#   poll_until(sub { $program->err =~ /ready/ }, 60) or die 'not ready';
#   $program->stop;
package Nachet::Process;

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET ();
use POSIX ();
use Time::HiRes ();

use Nachet::CleanUp qw(at_end undo undone);
use Nachet::Files qw(make_folder slurp write_file);

our @EXPORT_OK = qw(free_port poll_until run_command start_command);

# Runs a program to its end: run_command([\%options,] @command) returns (status, stdout, stderr);
# the status is 128 + n where signal n ended it, 127 where there is no such program. Options: stdin
# (a string), stdin_file, env (undef removes a variable), cwd, timeout (seconds, default 300; it is
# then killed, and this dies).
sub run_command
{
	my @args = @_;
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my $timeout = $options{timeout} // 300;
	my $program = start_command(\%options, @args);
	my $status = $program->wait($timeout);
	if (!defined $status)
	{
		$program->kill_now;
		die "'@args' did not end within $timeout s\n" . $program->err;
	}
	my @result = ($status, $program->out, $program->err);
	$program->forget;
	return @result;
}

# Starts a program in the background, with run_command's options; returns a Nachet::Process.
sub start_command
{
	my @args = @_;
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my $program = Nachet::Process->_start(\%options, @args);
	at_end('program', $program->pid, sub { $program->kill_now });
	return $program;
}

# Calls the code until it returns something true, which is returned; false after limit seconds
# (default 30).
sub poll_until
{
	my ($code, $limit) = @_;
	my $end = Time::HiRes::time() + ($limit // 30);
	while (1)
	{
		my $answer = $code->();
		return $answer if $answer;
		return $answer if Time::HiRes::time() > $end;
		Time::HiRes::sleep(0.02);
	}
}

# A TCP port of the loopback address that was free a moment ago.
sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp')
		or die "no free port: $!";
	return $socket->sockport;
}

# --- a program that was started ---------------------------------------------------------------------
sub _start
{
	my ($class, $options, @command) = @_;
	my $folder = make_folder('run');
	chmod 0700, $folder;
	my $self = bless { command => [@command], folder => $folder }, $class;
	my $input = $options->{stdin_file} // '/dev/null';
	if (defined $options->{stdin})
	{
		$input = "$folder/in";
		my $bytes = $options->{stdin};
		utf8::encode($bytes) if utf8::is_utf8($bytes);
		write_file($input, $bytes);
	}
	my $pid = fork // die "fork: $!";
	if ($pid == 0)
	{
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		my %env = %{ $options->{env} // {} };
		for my $name (keys %env)
		{
			if (defined $env{$name}) { $ENV{$name} = $env{$name} }
			else { delete $ENV{$name} }
		}
		open STDIN, '<', $input or POSIX::_exit(126);
		open STDOUT, '>', "$folder/out" or POSIX::_exit(126);
		open STDERR, '>', "$folder/err" or POSIX::_exit(126);
		if (defined $options->{cwd}) { chdir $options->{cwd} or POSIX::_exit(126) }
		{ no warnings; exec { $command[0] } @command }
		print STDERR "$command[0]: $!\n";
		POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	return $self;
}

sub pid { return $_[0]{pid} }
sub url { return $_[0]{url} }
sub port { return $_[0]{port} }
sub _read
{
	my ($self, $name) = @_;
	my $file = "$self->{folder}/$name";
	return -e $file ? slurp($file) : '';
}

sub out { return $_[0]->_read('out') }
sub err { return $_[0]->_read('err') }

# The exit status as run_command gives it, or undef where it still runs after limit seconds.
sub wait
{
	my ($self, $limit) = @_;
	return $self->{status} if defined $self->{status};
	my $end = Time::HiRes::time() + ($limit // 60);
	my $pause = 0.001;
	while (1)
	{
		my $pid = waitpid $self->{pid}, POSIX::WNOHANG();
		if ($pid == $self->{pid})
		{
			$self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
			undone('program', $self->{pid});
			return $self->{status};
		}
		die "lost '$self->{command}[0]'" if $pid < 0;
		return if Time::HiRes::time() > $end;
		Time::HiRes::sleep($pause);
		$pause = $pause * 2 > 0.02 ? 0.02 : $pause * 2;
	}
}

sub is_running { return !defined $_[0]->wait(0) }
sub signal { my ($self, $signal) = @_; return defined $self->{status} ? 0 : kill $signal, $self->{pid} }

# Ends it by SIGTERM and returns its exit status; dies where it does not end.
sub stop
{
	my ($self, $limit) = @_;
	$self->signal('TERM');
	my $status = $self->wait($limit // 60);
	die "'$self->{command}[0]' does not end on SIGTERM\n" . $self->err if !defined $status;
	return $status;
}

sub kill_now
{
	my $self = shift;
	return if defined $self->{status};
	kill 'KILL', $self->{pid};
	return $self->wait(30);
}

# Drops what it wrote.
sub forget
{
	my $self = shift;
	undo('folder', $self->{folder});
	return;
}

1;
