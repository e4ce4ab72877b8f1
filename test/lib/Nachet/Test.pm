# test/lib/Nachet/Test.pm: a private PostgreSQL with the datastore in it, programs to run against it, pictures to import.
#
# Rule: whatever a test starts or makes is gone when it ends, also when it dies or is interrupted: servers, programs,
# folders. It works as root (the server then runs as postgres) and as an ordinary user. Core modules only.
#
#   use lib 'test/lib';
#   use Nachet::Test qw(png run_command);
#   my $store = Nachet::Test->new;
#   my $folder = $store->tempdir;
#   $store->write_file("$folder/a.png", png(64, 48, 'a'));
#   my ($status, $out, $err) = $store->run_load('--seed' => 'Brassica napus', ..., $folder);
package Nachet::Test;

use strict;
use warnings;

use Compress::Zlib ();
use Cwd ();
use Digest::SHA ();
use Exporter 'import';
use File::Basename ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use MIME::Base64 ();
use POSIX ();
use Time::HiRes ();

our @EXPORT_OK = qw(
	run_command start_command start_service poll_until tempdir small_disk file_faults write_file slurp sha256 sha256_bytes free_port
	png bmp gif jpeg tiff tiff_file noise
);

our $ROOT = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../../..');
our $EMAIL = 'someone@example.org';

# Each picture maker and helper may also be called as a method; this drops the invocant.
sub _plain { shift @{ $_[0] } if ref $_[0][0] && eval { $_[0][0]->isa('Nachet::Test') }; return @{ $_[0] } }

# --- what must be undone ---------------------------------------------------------------------------
my $owner = $$;
my (@clusters, @disks, @folders, %running);

sub _clean_up
{
	return if $$ != $owner;
	local ($?, $@, $!);
	for my $program (values %running) { $program->kill_now if $program }
	system("$ROOT/tools/cluster", 'remove', $_) for @clusters;
	system('umount', '-l', $_) for @disks;
	File::Path::remove_tree($_, { safe => 0, error => \my $ignored }) for @folders;
	@clusters = @disks = @folders = ();
	%running = ();
}

for my $signal (qw(INT TERM HUP))
{
	my $number = { HUP => 1, INT => 2, TERM => 15 }->{$signal};
	$SIG{$signal} = sub { if ($$ != $owner) { POSIX::_exit(128 + $number) } exit 128 + $number };
}
END { _clean_up() }

# --- the cluster -----------------------------------------------------------------------------------

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
		dir => $options{dir} // _make_folder('cluster'),
		database => $options{database} // 'nachet',
		settings => [ map { ('--set', "$_=$options{set}{$_}") } sort keys %{ $options{set} // {} } ],
	}, $class;
	push @clusters, $self->{dir};
	$self->_guard;
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

# A test that is killed outright cannot clean up: a process that waits for its end then does. It learns of it by a pipe.
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
	exec 'sh', '-c', '"$1" remove "$2" && rm -rf "$2"', 'sh', "$ROOT/tools/cluster", $self->{dir} if -d $self->{dir};
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
	my $copy = bless { %$self, guard => undef, dir => _make_folder('cluster'), settings => [ @{ $self->{settings} } ] }, ref $self;
	push @clusters, $copy->{dir};
	$copy->_guard;
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

# Runs one of the server's own programs as the user that the server runs as; a first argument that is a hash holds
# run_command's options. Returns what run_command does.
sub as_server
{
	my ($self, @args) = @_;
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my $program = shift @args;
	my $user = $self->_show('user');
	chomp(my $bindir = qx(${\ ($ENV{PG_CONFIG} // 'pg_config')} --bindir));
	my @as = $> == 0 ? ('setpriv', "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--init-groups', '--') : ();
	return run_command({ cwd => '/', %options, env => { LC_ALL => 'C.UTF-8', HOME => '/' } }, @as, "$bindir/$program", @args);
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

# Runs SQL with psql and returns (status, stdout, stderr). Options: role, db, args (further arguments to psql), stdin.
# Output is unaligned tuples without a last newline; the first error stops it and gives status 3.
sub psql_result
{
	my ($self, $sql, %options) = @_;
	my ($status, $out, $err) = run_command(
		{ env => { $self->env($options{role}, $options{db}) }, stdin => $sql, timeout => $options{timeout} // 300 },
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

# Runs nachet-load against this cluster as the role `importer`; a first argument that is a hash holds run_command's
# options, and `role`. Returns (status, stdout, stderr).
sub run_load
{
	my ($self, @args) = @_;
	my $options = $self->_load_options(\@args);
	return run_command($options, $self->nachet_load, @args);
}

# The same in the background; returns a Nachet::Test::Program.
sub start_load
{
	my ($self, @args) = @_;
	my $options = $self->_load_options(\@args);
	return start_command($options, $self->nachet_load, @args);
}

# Starts nachet-http on a free port and waits until it answers. Returns the running program; its ->url is its address.
# Options: role, args, env, port.
sub start_http
{
	my ($self, %options) = @_;
	return start_service(%options, args => [ '--dbname', $self->conninfo($options{role} // 'importer'), @{ $options{args} // [] } ]);
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

# A TCP port of the loopback address that was free a moment ago.
sub free_port
{
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp')
		or die "no free port: $!";
	return $socket->sockport;
}

# Runs a program to its end: run_command([\%options,] @command) returns (status, stdout, stderr); the status is 128 + n
# where signal n ended it, 127 where there is no such program. Options: stdin (a string), stdin_file, env (undef removes a
# variable), cwd, timeout (seconds, default 300; it is then killed, and this dies).
sub run_command
{
	my @args = _plain([@_]);
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

# Starts a program in the background, with run_command's options; returns a Nachet::Test::Program.
sub start_command
{
	my @args = _plain([@_]);
	my %options = ref $args[0] eq 'HASH' ? %{ shift @args } : ();
	my $program = Nachet::Test::Program->_start(\%options, @args);
	$running{ $program->pid } = $program;
	return $program;
}

# Calls the code until it returns something true, which is returned; false after limit seconds (default 30).
sub poll_until
{
	my ($code, $limit) = _plain([@_]);
	my $end = Time::HiRes::time() + ($limit // 30);
	while (1)
	{
		my $answer = $code->();
		return $answer if $answer;
		return $answer if Time::HiRes::time() > $end;
		Time::HiRes::sleep(0.02);
	}
}

# --- files -----------------------------------------------------------------------------------------
sub _make_folder
{
	my ($purpose) = @_;
	my $folder = File::Temp::tempdir("nachet-$purpose-XXXXXX", DIR => '/tmp');
	chmod 0755, $folder;
	push @folders, $folder;
	return $folder;
}

# A new folder that goes when the test ends; others may read it.
sub tempdir { return _make_folder('test') }

# A new folder on a disk of its own, of so many MB and in memory; nothing where none may be mounted here.
sub small_disk
{
	my ($megabytes) = _plain([@_]);
	my $folder = _make_folder('disk');
	my ($status) = run_command('mount', '-t', 'tmpfs', '-o', "size=${megabytes}m,mode=755", 'nachet-test', $folder);
	return if $status != 0;
	push @disks, $folder;
	return $folder;
}

# The environment in which a program meets the faults of test/lib/file_faults.c: file_faults(NO_TYPES => 1, ...). A program
# that was built with ASan wants to come before it, and does without.
my $file_faults;
sub file_faults
{
	my %fault = _plain([@_]);
	if (!defined $file_faults)
	{
		$file_faults = _make_folder('faults') . '/file_faults.so';
		my ($status, undef, $err) = run_command(split(' ', $ENV{CC} // 'cc'), '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror',
			'-o', $file_faults, "$ROOT/test/lib/file_faults.c", '-ldl');
		die "file_faults.c: $err" if $status != 0;
	}
	return (
		LD_PRELOAD => $file_faults, ASAN_OPTIONS => join(':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0'),
		map { ("FAULT_$_" => $fault{$_}) } keys %fault);
}

# Writes a file whole, making the folders it lies in; returns its path.
sub write_file
{
	my ($path, $bytes) = _plain([@_]);
	File::Path::make_path(File::Basename::dirname($path));
	open my $file, '>:raw', $path or die "$path: $!";
	print {$file} $bytes or die "$path: $!";
	close $file or die "$path: $!";
	return $path;
}

sub slurp
{
	my ($path) = _plain([@_]);
	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar(<$file>) // '';
}

# SHA-256 in lower-case hex, of a string of bytes.
sub sha256 { my ($bytes) = _plain([@_]); return Digest::SHA::sha256_hex($bytes) }
sub sha256_bytes { my ($bytes) = _plain([@_]); return Digest::SHA::sha256($bytes) }

# --- pictures --------------------------------------------------------------------------------------
# All are valid, whole pictures; the same arguments give the same bytes, another seed gives other bytes.

# Bytes that do not compress.
sub noise
{
	my ($count, $seed) = _plain([@_]);
	my $bytes = '';
	my $block = 0;
	$bytes .= Digest::SHA::sha512($seed // '', ':', $block++) while length $bytes < $count && $block < 16384;
	$bytes .= $bytes while length $bytes < $count;
	return substr $bytes, 0, $count;
}

sub _png_chunk
{
	my ($type, $data) = @_;
	return pack('N', length $data) . $type . $data . pack('N', Compress::Zlib::crc32($type . $data));
}

# An 8-bit RGB PNG of noise: about 3 * width * height bytes.
sub png
{
	my ($width, $height, $seed) = _plain([@_]);
	my $pixels = noise(3 * $width * $height, $seed);
	my $rows = join '', map { "\0" . substr $pixels, 3 * $width * $_, 3 * $width } 0 .. $height - 1;
	return "\x89PNG\r\n\x1a\n"
		. _png_chunk('IHDR', pack('NNC5', $width, $height, 8, 2, 0, 0, 0))
		. _png_chunk('IDAT', Compress::Zlib::compress($rows, 1))
		. _png_chunk('IEND', '');
}

# A 24-bit BMP of noise.
sub bmp
{
	my ($width, $height, $seed) = _plain([@_]);
	my $row = 3 * $width;
	my $padding = "\0" x (-$row % 4);
	my $pixels = noise($row * $height, $seed);
	my $data = join '', map { substr($pixels, $row * $_, $row) . $padding } 0 .. $height - 1;
	return 'BM' . pack('V v v V', 54 + length $data, 0, 0, 54)
		. pack('V V V v v V V V V V V', 40, $width, $height, 1, 24, 0, length $data, 2835, 2835, 0, 0) . $data;
}

# A GIF of one pixel, with the seed in a comment.
sub gif
{
	my ($seed) = _plain([@_]);
	$seed = substr $seed // '', 0, 255;
	my $comment = length $seed ? "\x21\xfe" . pack('C', length $seed) . $seed . "\0" : '';
	return "GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff$comment" . "\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
}

# A baseline JPEG of 16 x 16 pixels, with the seed in a comment; padded by further comments to a wanted size, if that is
# above some 400 bytes.
my $JPEG = MIME::Base64::decode_base64(<<'END_JPEG');
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j
q62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk
pKSkpKSkpKT/wAARCAAQABADAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAMF/8QAFRABAQAAAAAAAAAAAAAAAAAAABL/
xAAWAQEBAQAAAAAAAAAAAAAAAAAABQH/xAAVEQEBAAAAAAAAAAAAAAAAAAAAE//aAAwDAQACEQMRAD8AzLZBbsWQLIWtQSLFkCz/
2Q==
END_JPEG

sub jpeg
{
	my ($seed, $size) = _plain([@_]);
	$seed = substr $seed // '', 0, 60;
	my $comments = length $seed ? "\xff\xfe" . pack('n', 2 + length $seed) . $seed : '';
	my $left = ($size // 0) - length($JPEG) - length $comments;
	while ($left >= 4)
	{
		# Never leave a rest of 1 to 3 bytes, which no segment could fill.
		my $take = $left <= 65537 ? $left : $left - 65537 < 4 ? $left - 8 : 65537;
		$comments .= "\xff\xfe" . pack('n', $take - 2) . noise($take - 4, "$seed:$left");
		$left -= $take;
	}
	return substr($JPEG, 0, 2) . $comments . substr $JPEG, 2;
}

# The head of a grey uncompressed TIFF of exactly $size bytes in all (200 at least), little-endian, whose one strip ends
# with the file; and how many bytes of pixels must follow.
sub _tiff_head
{
	my ($size) = @_;
	my $head = 8 + 2 + 9 * 12 + 4;
	die "a TIFF of $size bytes is too small" if $size < 200;
	die "a classic TIFF of $size bytes is too large" if $size >= 2**32;
	my $width = int sqrt($size - $head);
	my $height = int(($size - $head) / $width);
	my $count = $width * $height;
	my $offset = $size - $count;
	my $entry = sub { my ($tag, $type, $value) = @_; return pack('v v V V', $tag, $type, 1, $value) };
	my $bytes = "II*\0" . pack('V v', 8, 9)
		. $entry->(256, 4, $width) . $entry->(257, 4, $height) . $entry->(258, 3, 8) . $entry->(259, 3, 1)
		. $entry->(262, 3, 1) . $entry->(273, 4, $offset) . $entry->(277, 3, 1) . $entry->(278, 4, $height)
		. $entry->(279, 4, $count) . pack('V', 0);
	return ($bytes . "\0" x ($offset - length $bytes), $count);
}

# A TIFF of exactly $size bytes, of noise.
sub tiff
{
	my ($size, $seed) = _plain([@_]);
	my ($head, $count) = _tiff_head($size);
	return $head . noise($count, $seed);
}

# The same straight into a file, for large sizes: noise in the first MiB, then a hole. Returns the path.
sub tiff_file
{
	my ($path, $size, $seed) = _plain([@_]);
	my ($head, $count) = _tiff_head($size);
	write_file($path, $head . noise($count < 1048576 ? $count : 1048576, $seed));
	truncate $path, $size or die "$path: $!";
	return $path;
}

# --- a program that was started ---------------------------------------------------------------------
package Nachet::Test::Program;

sub _start
{
	my ($class, $options, @command) = @_;
	my $folder = File::Temp::tempdir('nachet-run-XXXXXX', DIR => '/tmp');
	my $self = bless { command => [@command], folder => $folder }, $class;
	push @folders, $folder;
	my $input = $options->{stdin_file} // '/dev/null';
	if (defined $options->{stdin})
	{
		$input = "$folder/in";
		my $bytes = $options->{stdin};
		utf8::encode($bytes) if utf8::is_utf8($bytes);
		Nachet::Test::write_file($input, $bytes);
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
sub _read { my ($self, $name) = @_; return -e "$self->{folder}/$name" ? Nachet::Test::slurp("$self->{folder}/$name") : '' }
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
			delete $running{ $self->{pid} };
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
	File::Path::remove_tree($self->{folder});
	@folders = grep { $_ ne $self->{folder} } @folders;
}

package Nachet::Test;

sub DESTROY
{
	my $self = shift;
	return if $$ != $owner || !$self->{dir};
	local ($?, $@, $!);
	if (grep { $_ eq $self->{dir} } @clusters)
	{
		system("$ROOT/tools/cluster", 'remove', $self->{dir});
		File::Path::remove_tree($self->{dir});
		@clusters = grep { $_ ne $self->{dir} } @clusters;
	}
}

1;
