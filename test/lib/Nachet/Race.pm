# test/lib/Nachet/Race.pm: one statement that is run over and over beside a test, by a psql of its own. Its answer is one line.
#
# Rule: the first error ends it and is kept; stop() returns once the server has ended the last turn.
#
#   my $race = Nachet::Race->new($store, 'SELECT ...');
#   ...
#   $race->stop;
#   $race->errors; $race->turns; $race->answers;
package Nachet::Race;

use strict;
use warnings;

use Nachet::Test ();

sub new
{
	my ($class, $store, $sql, $role) = @_;
	my $name = sprintf 'race %d %d', $$, ++(our $count);
	my $psql = Nachet::Test::start_command(
		{ env => { $store->env($role), PGAPPNAME => $name }, stdin => "$sql \\watch 0.001\n" },
		'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-');
	return bless { store => $store, sql => $sql, name => $name, psql => $psql }, $class;
}

sub sql { return $_[0]{sql} }

sub stop
{
	my ($self) = @_;
	my $psql = $self->{psql};
	$psql->signal('INT');
	die "'$self->{sql}' does not end\n" if !defined $psql->wait(60);
	Nachet::Test::poll_until(sub { $self->{store}->psql("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '$self->{name}'") eq 't' }, 60)
		or die "'$self->{sql}' still runs\n";
	# Each turn prints the time, perhaps, the answer and an empty line.
	my @answers = grep { !/\(every/ && /\S/ } split /\n/, $psql->out;
	$self->{turns} = @answers;
	$self->{answers} = join "\n", @answers;
	$self->{errors} = join "\n", grep { !/canceling statement due to user request|Cancel request sent/ && /\S/ } split /\n/, $psql->err;
	return $self;
}

sub turns { return $_[0]{turns} }
sub answers { return $_[0]{answers} }
sub errors { return $_[0]{errors} }

1;
