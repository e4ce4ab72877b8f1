# test/lib/Nachet/ObjectStore.pm: real object stores on the loopback address: Azurite, and Swift with its S3 interface.
#
# Rule: each is started by the test that wants it and gone with it. What a test does to objects behind the datastore's back,
# it does through signed requests of its own, made here from the stores' documentation and not by the code under test.
#
#   my $objects = Nachet::ObjectStore->new('azure');      # or 's3'
#   $objects->use_by($store);                             # settings of its database; ->use_by($store, port => $proxy->port)
#   $objects->list; $objects->get($key); $objects->put($key, $bytes); $objects->stop; $objects->start;
package Nachet::ObjectStore;

use strict;
use warnings;

use Digest::SHA ();
use HTTP::Tiny ();
use IO::Socket::INET ();
use IPC::Open3 ();
use MIME::Base64 qw(decode_base64);
use POSIX ();

use Nachet::Test qw(poll_until slurp write_file);

# The account and key that Azurite has by default.
my $ACCOUNT = 'devstoreaccount1';
my $KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
my ($USER, $SECRET) = ('test:tester', 'secret/key+of=tests');
my $BUCKET = 'pictures';

sub new
{
	my ($class, $kind) = @_;
	my $self = bless { kind => $kind, port => Nachet::Test::free_port(), folder => Nachet::Test::tempdir(), data => Nachet::Test::tempdir() }, $class;
	return $self->_begin;
}

sub _begin
{
	my ($self) = @_;
	$self->start;
	$self->request('PUT', '', query => 'restype=container') if $self->{kind} eq 'azure';
	return $self;
}

# The same store at the same address, as new: a process of its own, and no objects.
sub renew
{
	my ($self) = @_;
	$self->stop;
	$self->{data} = Nachet::Test::tempdir();
	return $self->_begin;
}

sub port { return $_[0]{port} }
sub kind { return $_[0]{kind} }

# What objects' URLs begin with, by way of a port.
sub location
{
	my ($self, $port) = @_;
	$port //= $self->{port};
	return "http://127.0.0.1:$port/" . ($self->{kind} eq 'azure' ? "$ACCOUNT/" : '') . $BUCKET;
}

# --- the server --------------------------------------------------------------------------------------
sub _command
{
	my ($self) = @_;
	return ("$Nachet::Test::ROOT/test/lib/s3-server", $self->{data}, $self->{port}, $USER, $SECRET, $BUCKET) if $self->{kind} eq 's3';
	return ('node', '-e', 'process.stdin.on("end", () => process.exit(0)).resume().unref(); require(process.argv[1])', '--',
		"$Nachet::Test::ROOT/test/node_modules/azurite/dist/src/blob/main.js", '--location', $self->{data},
		'--blobPort', $self->{port}, '--silent', '--disableTelemetry', '--loose');
}

# A test that is killed outright can stop nothing: the server ends with its standard input, which then ends.
sub start
{
	my ($self) = @_;
	open my $log, '>>', "$self->{folder}/log" or die $!;
	local $SIG{__WARN__} = sub { };
	$self->{pid} = IPC::Open3::open3($self->{stdin}, '>&' . fileno($log), undef, $self->_command);
	poll_until(sub {
		die "the object store ended:\n" . slurp("$self->{folder}/log") if waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid};
		return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5);
	}, 60) or die "the object store does not listen:\n" . slurp("$self->{folder}/log");
	return $self;
}

sub stop
{
	my ($self) = @_;
	return if !$self->{pid};
	close $self->{stdin};
	kill 'TERM', $self->{pid};
	if (!poll_until(sub { waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid} }, 20))
	{
		kill 'KILL', $self->{pid};
		waitpid $self->{pid}, 0;
	}
	delete $self->{pid};
	return;
}

sub DESTROY { my ($self) = @_; local ($?, $@, $!); $self->stop; return }

# --- the datastore's settings --------------------------------------------------------------------------
# Writes a file that the server's user alone can read; returns its path.
sub credentials_file
{
	my ($self, $store, $content) = @_;
	my $path = $self->{folder} . '/credentials-' . ++$self->{files};
	write_file($path, $content);
	chmod 0600, $path;
	my (undef, undef, undef, undef, $owner, $group) = stat $store->data_folder;
	chown $owner, $group, $path if $> == 0;
	return $path;
}

# What the credentials' file holds; options: port, user (S3 alone), key, token.
sub credentials
{
	my ($self, %options) = @_;
	return "AWS_ACCESS_KEY_ID=" . ($options{user} // $USER) . "\nAWS_SECRET_ACCESS_KEY=" . ($options{key} // $SECRET) . "\n" if $self->{kind} eq 's3';
	my $endpoint = $self->location($options{port}) =~ s{/$BUCKET\z}{}r;
	return "AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=$endpoint;SharedAccessSignature=$options{token}\n" if $options{token};
	return "AZURE_STORAGE_CONNECTION_STRING=\"DefaultEndpointsProtocol=http;AccountName=$ACCOUNT;AccountKey="
		. ($options{key} // $KEY) . ";BlobEndpoint=$endpoint;\"\n";
}

# The settings, as a hash, by which objects are deleted without delay; options as above, and by_host: an S3 bucket is named in the host instead of the path.
sub settings
{
	my ($self, $store, %options) = @_;
	my $port = $options{port} // $self->{port};
	return (
		'nachet.object_store' => "$self->{kind}://$BUCKET",
		'nachet.object_store_keep' => 0,
		'nachet.object_store_credentials' => $self->credentials_file($store, $self->credentials(%options)),
		$self->{kind} eq 's3'
		? ('nachet.object_store_endpoint' => $options{by_host} ? "http://localhost:$port" : "http://127.0.0.1:$port",
			'nachet.object_store_path_style' => $options{by_host} ? 'off' : 'on')
		: (),
	);
}

sub use_by
{
	my ($self, $store, %options) = @_;
	my $db = $options{db} // $store->database;
	my %settings = $self->settings($store, %options);
	$store->psql(join '', map { "ALTER DATABASE \"$db\" SET $_ = '$settings{$_}';\n" } sort keys %settings);
	return;
}

# --- objects, behind the datastore's back ----------------------------------------------------------------
sub _date { return POSIX::strftime($_[0], gmtime) }

sub _sign_azure
{
	my ($self, $method, $path, $query, $headers, $body) = @_;
	local $ENV{LC_ALL} = 'C';
	$headers->{'x-ms-date'} = _date('%a, %d %b %Y %H:%M:%S GMT');
	$headers->{'x-ms-version'} = '2020-10-02';
	my $text = join "\n", $method, '', '', length $body || '', '', $headers->{'content-type'} // '', '', '', '', '', '', '',
		(map { "$_:$headers->{$_}" } sort grep { /^x-ms-/ } keys %$headers),
		"/$ACCOUNT$path" . join '', map { "\n" . join ':', split /=/, $_, 2 } sort split /&/, $query;
	my $signature = Digest::SHA::hmac_sha256_base64($text, decode_base64($KEY));
	$signature .= '=' while length($signature) % 4;
	$headers->{authorization} = "SharedKey $ACCOUNT:$signature";
	return;
}

sub _sign_s3
{
	my ($self, $method, $path, $query, $headers, $body) = @_;
	my ($time, $day) = (_date('%Y%m%dT%H%M%SZ'), _date('%Y%m%d'));
	$headers->{'x-amz-date'} = $time;
	$headers->{'x-amz-content-sha256'} = Digest::SHA::sha256_hex($body);
	my %signed = (host => "127.0.0.1:$self->{port}", map { $_ => $headers->{$_} } grep { /^x-amz-/ } keys %$headers);
	my $names = join ';', sort keys %signed;
	my $canonical = join "\n", $method, $path, $query, (map { "$_:$signed{$_}" } sort keys %signed), '', $names,
		$headers->{'x-amz-content-sha256'};
	my $scope = "$day/us-east-1/s3/aws4_request";
	my $key = "AWS4$SECRET";
	$key = Digest::SHA::hmac_sha256($_, $key) for split m{/}, $scope;
	my $signature = Digest::SHA::hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $time, $scope, Digest::SHA::sha256_hex($canonical)), $key);
	$headers->{authorization} = "AWS4-HMAC-SHA256 Credential=$USER/$scope, SignedHeaders=$names, Signature=$signature";
	return;
}

# One request for an object, or for the bucket itself where the key is ''. Dies unless it succeeds.
sub request
{
	my ($self, $method, $key, %options) = @_;
	my ($path) = $self->location =~ m{\Ahttp://[^/]*(.*)\z};
	$path .= "/$key" if $key ne '';
	my ($query, $body) = ($options{query} // '', $options{body} // '');
	my %headers = (%{ $options{headers} // {} }, 'content-length' => length $body);
	$headers{'content-type'} = 'application/octet-stream' if length $body;
	$self->{kind} eq 'azure'
		? $self->_sign_azure($method, $path, $query, \%headers, $body)
		: $self->_sign_s3($method, $path, $query, \%headers, $body);
	my $answer = HTTP::Tiny->new->request($method, "http://127.0.0.1:$self->{port}$path" . ($query ne '' ? "?$query" : ''),
		{ headers => \%headers, (length $body ? (content => $body) : ()) });
	die "$method $key: $answer->{status} $answer->{content}\n" if !$answer->{success};
	return $answer->{content};
}

sub get { my ($self, $key) = @_; return $self->request('GET', $key) }
sub delete { my ($self, $key) = @_; return $self->request('DELETE', $key) }

sub put
{
	my ($self, $key, $bytes) = @_;
	return $self->request('PUT', $key, body => $bytes,
		headers => $self->{kind} eq 'azure' ? { 'x-ms-blob-type' => 'BlockBlob' } : {});
}

# The keys of all objects, sorted.
sub list
{
	my ($self) = @_;
	my $xml = $self->request('GET', '', query => $self->{kind} eq 'azure' ? 'comp=list&restype=container' : 'max-keys=1000');
	my $tag = $self->{kind} eq 'azure' ? 'Name' : 'Key';
	return sort $xml =~ m{<$tag>([^<]*)</$tag>}g;
}

# The key of an object by its URL.
sub key
{
	my ($self, $url) = @_;
	return $url =~ s{\A\Qhttp://127.0.0.1:\E\d+/(?:\Q$ACCOUNT\E/)?\Q$BUCKET\E/}{}r;
}

# A shared access signature for all of the account's blobs, good for an hour (Azure alone).
sub token
{
	my ($self) = @_;
	my $expiry = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 3600));
	my $text = join "\n", $ACCOUNT, 'rwdlac', 'b', 'sco', '', $expiry, '', 'https,http', '2020-10-02', '';
	my $signature = Digest::SHA::hmac_sha256_base64($text, decode_base64($KEY));
	$signature .= '=' while length($signature) % 4;
	$signature =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ge;
	return "sv=2020-10-02&ss=b&srt=sco&sp=rwdlac&se=$expiry&spr=https,http&sig=$signature";
}

1;
