# test/lib/Nachet/Pooler.pm: PgBouncer before a test's server, as sites have it: connections are shared between clients.
#
# Rule: it gives a server connection to whichever client has a transaction, and gives it on unchanged. With one server
# connection, a setting that a client leaves behind is therefore seen by the next one. It ends with the test.
#
#   my $pooler = Nachet::Pooler->new($store);          # mode => 'transaction', size => 1 (server connections)
#   $store->run_load({ env => { $pooler->env } }, ...);
#   $pooler->psql('SHOW synchronous_commit');          # as the role importer; role => another that was named at first
package Nachet::Pooler;

use strict;
use warnings;

use Nachet::Test ();

# Options: mode, size, roles => [ names of roles that may connect ].
sub new
{
	my ($class, $store, %options) = @_;
	my $folder = Nachet::Test::tempdir();
	my $self = bless { store => $store, folder => $folder }, $class;
	my ($mode, $size) = ($options{mode} // 'transaction', $options{size} // 1);
	Nachet::Test::write_file("$folder/users", join '', map { qq("$_" ""\n) } @{ $options{roles} // [ 'importer' ] });
	Nachet::Test::write_file("$folder/pgbouncer.ini", <<"END_INI");
[databases]
* = host=${\ $store->socket_folder} port=5432
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
pool_mode = $mode
default_pool_size = $size
END_INI
	my $user = $store->_show('user');
	chown +(getpwnam $user)[ 2, 3 ], $folder;
	my @as = $> == 0 ? ('setpriv', "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--init-groups', '--') : ();
	$self->{program} = Nachet::Test::start_command({ env => { PATH => "$ENV{PATH}:/usr/sbin:/sbin" } }, @as, 'pgbouncer',
		"$folder/pgbouncer.ini");
	Nachet::Test::poll_until(
		sub {
			die 'pgbouncer ended: ' . $self->{program}->err if !$self->{program}->is_running;
			return -S "$folder/.s.PGSQL.5432";
		}, 60) or die 'pgbouncer does not listen: ' . $self->{program}->err;
	return $self;
}

# What names it instead of the server, for the environment.
sub env { return (PGHOST => $_[0]{folder}) }

sub psql
{
	my ($self, $sql, %options) = @_;
	my ($status, $out, $err) = Nachet::Test::run_command({ env => { $self->{store}->env($options{role} // 'importer'), $self->env } },
		'psql', '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', $sql);
	die "psql failed: $err" if $status != 0;
	return $out =~ s/\n\z//r;
}

sub stop { return $_[0]{program}->stop }

1;
