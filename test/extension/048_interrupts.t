#!/usr/bin/env perl
# test/extension/048_interrupts.t: a statement that works on values in memory heeds a cancel while
# it does.
#
# The statement cancels itself as its last argument is evaluated, so that it is cancelled when the function begins. Each function then
# has an error of its own to end with, which it must not come to.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test ();
use Test::More;

my $store = Nachet::Test->new;
my $user = $store->user_id;
my $data = q{'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}'};

# The value, of a type, as something that cancels the statement.
sub cancelling { my ($value, $type) = @_; return "CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN '$value'::$type END" }

for my $case (
	[ 'examining pictures', 'NC003', sub { "nachet.upload_picture_set(ARRAY['no picture'::bytea], $_[0], $data)" }, $user, 'uuid' ],
	[ 'a request', 'NC005', sub { "nachet.picture_form('{\"email\": 5}', $_[0])" }, $Nachet::Test::EMAIL, 'text' ],
	[ 'a manifest', 'NC005', sub { "nachet.batch_import('{\"pictures\": [5]}', $_[0])" }, $Nachet::Test::EMAIL, 'text' ])
{
	my ($title, $end, $call, $value, $type) = @$case;
	is($store->sqlstate('SELECT ' . $call->("'$value'::$type"), role => 'importer'), $end, "$title ends in an error");
	is($store->sqlstate('SELECT ' . $call->(cancelling($value, $type)), role => 'importer'), '57014',
		"$title ends in an error: is cancelled before it");
}
unlike($store->log, qr/terminated by signal|PANIC|leak/, 'no backend crashed, and nothing leaked');

done_testing;
