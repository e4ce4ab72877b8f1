# test/lib/Nachet/Bench/Service.pm: nachet-http as the benchmarks run it: with its defaults, on the database `bench`, and its
# spool where the cluster lies.
#
# Rule: one that was started is stopped before the next fresh database is made, since its pool is connected to the old one.
package Nachet::Bench::Service;

use strict;
use warnings;

use File::Path ();

use Nachet::Bench qw(%option capture);
use Nachet::Prometheus qw(parse_metrics);
use Nachet::Test qw(free_port poll_until slurp start_service);

# Its default, and so how many connections to the database its peers may have.
our $POOL = 4;

sub start
{
	my ($class) = @_;
	my $admin = '127.0.0.1:' . free_port();
	my $spool = "$option{PLACE}/spool";
	File::Path::make_path($spool);
	my $program = start_service(args => [ '--pool', $POOL, '--admin-listen', $admin, '--spool-dir', $spool ]);
	return bless { program => $program, admin => $admin }, $class;
}

sub stop
{
	my ($self) = @_;
	my $status = $self->{program}->stop;
	die "nachet-http ended with $status\n" . $self->{program}->err if $status != 0;
	$self->{program}->forget;
	return;
}

sub program { return $_[0]{program} }
sub pid { return $_[0]{program}->pid }
sub url { return $_[0]{program}->url }

# A sample of its /metrics.
sub metric
{
	my ($self, $name) = @_;
	my $value = parse_metrics(capture('curl', '-sSf', '--noproxy', '*', "http://$self->{admin}/metrics") . "\n")->{value}{$name};
	die "nachet-http tells no $name\n" if !defined $value;
	return $value;
}

# Waits until a gauge has at least this value.
sub wait_for
{
	my ($self, $name, $least) = @_;
	poll_until(sub { return $self->metric($name) >= $least }, 120) or die "$name stays below $least\n" . $self->{program}->err;
	return;
}

# The most memory that it has had at a time, in kB.
sub peak
{
	my ($self) = @_;
	my ($peak) = slurp('/proc/' . $self->pid . '/status') =~ /^VmHWM:\s+(\d+) kB/m;
	return $peak;
}

1;
