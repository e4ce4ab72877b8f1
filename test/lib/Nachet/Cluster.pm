# test/lib/Nachet/Cluster.pm: a private PostgreSQL with the datastore, and our programs run on it.
#
# Rule: it works as root (the server then runs as postgres) and as an ordinary user.
package Nachet::Cluster;

use strict;
use warnings;

use Exporter 'import';
use File::Path ();
use IO::Socket::INET ();
use POSIX ();

use Nachet::CleanUp qw(at_end is_owner undo);
use Nachet::Files qw(make_folder slurp tempdir write_file);
use Nachet::Process qw(free_port poll_until run_command start_command);

our @EXPORT_OK = qw(nachet_http nachet_load start_service);

our $EMAIL = 'someone@example.org';
my $ROOT = $Nachet::Files::ROOT;

# Starts a cluster and makes the database `nachet` in it. Options:
#   extension => 0     do not create the extension (nor seeds, nor user)
#   seeds => 0         do not register the sample seeds
#   user => 0          do not register someone@example.org
#   importer => 0      do not make the login role `importer`, which has nachet_importer and nothing else
#   set => { name => value }   further server settings, kept over restarts
#   database => name   instead of `nachet`
#   dir => folder      instead of a new one
sub new
{
	my ($class, %options) = @_;
	my $self = bless {
		dir => $options{dir} // make_folder('cluster'),
		database => $options{database} // 'nachet',
		settings => [ map { ('--set', "$_=$options{set}{$_}") } sort keys %{ $options{set} // {} } ],
	}, $class;
	$self->_undo_at_end;
	$self->start;
	$self->psql("CREATE DATABASE \"$self->{database}\"", db => 'postgres');
	if ($options{extension} // 1)
	{
		$self->psql('CREATE EXTENSION nachet_datastore');
		$self->psql_file("$ROOT/sql/sample_seeds.sql") if $options{seeds} // 1;
		$self->{user_id} = $self->psql("SELECT nachet.register_user('$EMAIL')") if $options{user} // 1;
		$self->create_role('importer', 'nachet_importer') if $options{importer} // 1;
	}
	return $self;
}

sub _undo_at_end
{
	my $self = shift;
	my $dir = $self->{dir};
	at_end('cluster', $dir, sub { system "$ROOT/tools/cluster", 'remove', $dir });
	$self->_guard;
	return;
}

# A test that is killed outright cannot clean up: a process that waits for its end then does. It
# learns of it by a pipe.
sub _guard
{
	my $self = shift;
	pipe my $end, $self->{guard} or die "pipe: $!";
	my $pid = fork // die "fork: $!";
	return if $pid;
	POSIX::setsid();
	close $self->{guard};
	open $_, '+<', '/dev/null' for *STDIN, *STDOUT, *STDERR;
	sysread $end, my $never, 1;
	exec 'sh', '-c', '"$1" remove "$2" && rm -rf "$2"', 'sh', "$ROOT/tools/cluster", $self->{dir}
		if -d $self->{dir};
	POSIX::_exit(0);
}

# A second cluster, from a base backup of this one. Options:
#   standby => 1       it streams from this one, until it is promoted
#   recover => { name => value }   settings of a recovery, as far as they say
#   start => 0         do not start it yet
sub base_backup
{
	my ($self, %options) = @_;
	my %recover = %{ $options{recover} // {} };
	my $copy = bless {
		%$self, guard => undef, dir => make_folder('cluster'), settings => [ @{ $self->{settings} } ]
	}, ref $self;
	$copy->_undo_at_end;
	push @{ $copy->{settings} }, map { ('--set', "$_=$recover{$_}") } sort keys %recover;
	my ($data, $log) = ("$copy->{dir}/data", "$copy->{dir}/server.log");
	mkdir $data, 0700 or die "$data: $!";
	write_file($log, '');
	my @owner = (stat $self->data_folder)[ 4, 5 ];
	chown @owner, $data, $log;
	my ($status, undef, $err) = $self->as_server('pg_basebackup', '-D', $data, '-c', 'fast', '--no-sync',
		$options{standby} ? ('-R') : (), '-d', $self->conninfo(undef, 'postgres'));
	die "pg_basebackup: $err" if $status != 0;
	if (%recover) { write_file("$data/recovery.signal", ''); chown @owner, "$data/recovery.signal" }
	write_file("$copy->{dir}/cluster", "data=$data\nsocket=\nlog=$log\nuser=" . $self->_show('user') . "\n");
	$copy->start if $options{start} // 1;
	return $copy;
}

# Runs one of the server's own programs as the user that the server runs as; a first argument that
# is a hash holds run_command's options. Returns what run_command does.
sub as_server
{
	my ($self, @args) = @_;
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my $program = shift @args;
	my $user = $self->_show('user');
	chomp(my $bindir = qx(${\ ($ENV{PG_CONFIG} // 'pg_config')} --bindir));
	my @as;
	@as = ('setpriv', "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--init-groups', '--') if $> == 0;
	return run_command({ cwd => '/', %options, env => { LC_ALL => 'C.UTF-8', HOME => '/' } },
		@as, "$bindir/$program", @args);
}

sub user_id { return $_[0]{user_id} }
sub database { return $_[0]{database} }

sub start
{
	my $self = shift;
	my ($status, undef, $err) =
		run_command("$ROOT/tools/cluster", 'start', '--profile', 'test', @{ $self->{settings} }, $self->{dir});
	die "cluster did not start: $err" if $status != 0;
	return $self;
}

# Mode is smart, fast (default) or immediate, as pg_ctl has them. The address survives a restart.
sub stop
{
	my ($self, $mode) = @_;
	my ($status, undef, $err) =
		run_command("$ROOT/tools/cluster", 'stop', '--mode', $mode // 'fast', $self->{dir});
	die "cluster did not stop: $err" if $status != 0;
	return $self;
}

sub restart { my ($self, $mode) = @_; return $self->stop($mode)->start }

sub _show
{
	my ($self, $item) = @_;
	my ($status, $out, $err) = run_command("$ROOT/tools/cluster", 'show', $item, $self->{dir});
	die $err if $status != 0;
	chomp $out;
	return $out;
}
sub logfile { return $_[0]->_show('log') }
sub log { return slurp($_[0]->logfile) }
sub server_pid { return $_[0]->_show('pid') }
sub socket_folder { return $_[0]->_show('socket') }
sub data_folder { return $_[0]->_show('data') }

# libpq's connection string for a role (default: the superuser, postgres).
sub conninfo
{
	my ($self, $role, $db) = @_;
	return sprintf "host=%s port=5432 user=%s dbname=%s", $self->socket_folder, $role // 'postgres',
		$db // $self->{database};
}

# libpq's environment for a role, as a hash.
sub env
{
	my ($self, $role, $db) = @_;
	return (
		PGHOST => $self->socket_folder, PGPORT => 5432, PGUSER => $role // 'postgres',
		PGDATABASE => $db // $self->{database}, PGHOSTADDR => undef, PGSERVICE => undef, PGOPTIONS => undef,
		PGSSLMODE => undef, PGPASSWORD => undef,
	);
}

# Runs SQL with psql and returns (status, stdout, stderr). Options: role, db, args (further
# arguments to psql), stdin. Output is unaligned tuples without a last newline; the first error
# stops it and gives status 3.
sub psql_result
{
	my ($self, $sql, %options) = @_;
	my %env = $self->env($options{role}, $options{db});
	my ($status, $out, $err) = run_command(
		{ env => \%env, stdin => $sql, timeout => $options{timeout} // 300 },
		'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', @{ $options{args} // [] }, '-f', '-');
	$out =~ s/\n\z//;
	return ($status, $out, $err);
}

sub psql
{
	my ($self, $sql, %options) = @_;
	my ($status, $out, $err) = $self->psql_result($sql, %options);
	die "psql failed: $err\n$sql\n" if $status != 0;
	return $out;
}

sub psql_file
{
	my ($self, $file, %options) = @_;
	return $self->psql(slurp($file), %options);
}

# The SQLSTATE with which SQL fails, or '' where it succeeds.
sub sqlstate
{
	my ($self, $sql, %options) = @_;
	my ($status, undef, $err) = $self->psql_result("\\set VERBOSITY sqlstate\n$sql", %options);
	return '' if $status == 0;
	return $err =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5})/ ? $1 : $err;
}

# Makes a login role that is a member of the given roles and of nothing else.
sub create_role
{
	my ($self, $name, @member_of) = @_;
	$self->psql(join "\n", "CREATE ROLE \"$name\" LOGIN;", map { "GRANT \"$_\" TO \"$name\";" } @member_of);
	return $name;
}

# --- programs --------------------------------------------------------------------------------------
# --- programs --------------------------------------------------------------------------------------
sub nachet_load { return $ENV{NACHET_LOAD} // "$ROOT/loader/nachet-load" }
sub nachet_http { return $ENV{NACHET_HTTP} // "$ROOT/http/nachet-http" }

# Takes the options off the front of these arguments, and gives run_command's.
sub _load_options
{
	my ($self, $args) = @_;
	my %options = ref $args->[0] eq 'HASH' ? %{ shift @$args } : ();
	my $role = delete $options{role} // 'importer';
	$options{env} = { $self->env($role), %{ $options{env} // {} } };
	return \%options;
}

# Runs nachet-load against this cluster as the role `importer`; a first argument that is a hash
# holds run_command's options, and `role`. Returns (status, stdout, stderr).
sub run_load
{
	my ($self, @args) = @_;
	my $options = $self->_load_options(\@args);
	return run_command($options, $self->nachet_load, @args);
}

# The same in the background; returns a Nachet::Process.
sub start_load
{
	my ($self, @args) = @_;
	my $options = $self->_load_options(\@args);
	return start_command($options, $self->nachet_load, @args);
}

# Starts nachet-http on a free port and waits until it answers. Returns the running program; its
# ->url is its address. Options: role, args, env, port.
sub start_http
{
	my ($self, %options) = @_;
	my @database = ('--dbname', $self->conninfo($options{role} // 'importer'));
	return start_service(%options, args => [ @database, @{ $options{args} // [] } ]);
}

# The same for the database that libpq's environment names, or --dbname among the arguments.
sub start_service
{
	my (%options) = @_;
	my $port = $options{port} // free_port();
	my $program = start_command(
		{ env => $options{env} // {} }, nachet_http(), '--listen', "127.0.0.1:$port", @{ $options{args} // [] });
	$program->{url} = "http://127.0.0.1:$port";
	$program->{port} = $port;
	my $up = poll_until(
		sub {
			die 'nachet-http ended: ' . $program->err . "\n" if !$program->is_running;
			return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5);
		}, 30);
	die 'nachet-http does not listen: ' . $program->err . "\n" if !$up;
	return $program;
}

sub DESTROY
{
	my $self = shift;
	return if !is_owner() || !$self->{dir};
	local ($?, $@, $!);
	undo('folder', $self->{dir}) if undo('cluster', $self->{dir});
	return;
}

1;
