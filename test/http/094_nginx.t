#!/usr/bin/env perl
# test/http/094_nginx.t: nachet-http behind nginx, as doc/http.md configures it: TLS, a path of
# its own, large uploads.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(run_command start_command poll_until free_port write_file slurp tiff_file);
use Nachet::Http qw(curl form_fields is_problem wait_for_log parse_answer);

my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'nginx is not installed' if !$nginx;

my $store = Nachet::Test->new;
my $http = $store->start_http(args => [ '--server-name', 'nachet.example.org', '--max-request-size', '200MB' ]);
my $second = $store->start_http(args => [ '--server-name', 'nachet.example.org', '--max-request-size', '200MB' ]);
my $folder = $store->tempdir;
my $port = free_port();

# The document's own words, with the names of this place.
my ($block) = slurp('doc/http.md') =~ /^## Behind nginx\n\n(?:\S.*\n)+\n((?:    .*\n|\n)+)/m
	or die 'doc/http.md has no example';
$block =~ s/server 127\.0\.0\.1:8080;.*/"server 127.0.0.1:" . $http->port . '; server 127.0.0.1:' . $second->port . ';'/e or die;
$block =~ s/listen 443 ssl/listen 127.0.0.1:$port ssl/ or die;
$block =~ s{/etc/nachet/(\w+\.pem)}{$folder/$1}g == 2 or die;
write_file("$folder/nginx.conf", ($> == 0 ? "user root;\n" : '') . <<"END" . $block . "}\n");
daemon off;
pid $folder/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u;
    scgi_temp_path $folder/s;
END
run_command('openssl', qw(req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=nachet.example.org -addext subjectAltName=DNS:nachet.example.org),
	'-keyout', "$folder/privkey.pem", '-out', "$folder/fullchain.pem");
my $proxy = start_command($nginx, '-p', $folder, '-c', "$folder/nginx.conf", '-e', 'stderr');
poll_until(sub { !$proxy->is_running || IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }) && $proxy->is_running or die $proxy->err;

my $url = "https://nachet.example.org:$port/datastore";
my @trust = ('--cacert', "$folder/fullchain.pem", '--resolve', "nachet.example.org:$port:127.0.0.1", '-m', 120);
sub ask { return curl(@trust, @_) }

is(ask("$url/")->{status}, 200, 'the page, under its prefix');
my $answer = ask('-H', 'Content-Type: application/json', '-H', 'X-Request-Id: through-nginx', '-H', "Origin: https://nachet.example.org:$port",
	'-d', '{"email": "someone@example.org"}', "$url/picture-form");
is($answer->{status}, 200, 'the form, for its own page');
is($answer->{headers}{'x-request-id'}[0], 'through-nginx', 'the id passes through');
is(ask('-H', 'Content-Type: application/json', '-H', 'Origin: https://evil.example.org', '-d', '{}', "$url/picture-form")->{status}, 403,
	'another page is refused');

# 100 MB, by way of nginx and not by way of its disk.
tiff_file("$folder/large.tif", 100 * 1024 * 1024, 'nginx');
my $upload = start_command('curl', '-sS', '-i', @trust, '--limit-rate', '40M', '-H', 'Expect: 100-continue', form_fields(), '-F',
	"pictures=\@$folder/large.tif", "$url/batch-import");
is($upload->wait(120), 0, '100 MB');
$answer = parse_answer($upload->out);
is($answer->{status}, 201, '100 MB are imported');
is($answer->{json}{bytes}, 100 * 1024 * 1024, 'all of them');
is_deeply($answer->{interim}, [100], 'nginx asks for the body where the client waits');
my @left = grep { -s } glob "$folder/body/* $folder/body/*/*";
is("@left", '', "nothing lies on nginx's disk");
is(ask('-H', 'Expect:', form_fields(), '-F', "pictures=\@$folder/large.tif", "$url/batch-import")->{status}, 200, 'again, without leave');

# Refusals in the middle.
is_problem(ask('-H', 'Content-Type: text/plain', '--data-binary', "\@$folder/large.tif", "$url/batch-import"), 415, qr/multipart/,
	'what is refused at its headers is refused through nginx');
is_problem(ask(form_fields(seed_name => undef), '-F', "pictures=\@$folder/large.tif", "$url/batch-import"), 422, qr/seed_name/,
	'what is refused at its end too');
write_file("$folder/cut.tif", substr slurp("$folder/large.tif"), 0, 3_000_000);
is_problem(ask(form_fields(), '-F', "pictures=\@$folder/cut.tif", "$url/batch-import"), 422, qr/./, 'a truncated picture');

# One instance goes, the other goes on.
$http->stop;
is(ask('-H', 'Content-Type: application/json', '-d', '{"email": "someone@example.org"}', "$url/picture-form")->{status}, 200,
	"request $_ after one of two instances was stopped") for 1 .. 4;
$proxy->signal('QUIT');
is($proxy->wait(30), 0, 'nginx ends well');

done_testing;
