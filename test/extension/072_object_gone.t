#!/usr/bin/env perl
# test/extension/072_object_gone.t: an object is gone when the store says so of the object, and not
# when a bucket, an account or a page is not found.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::FaultProxy ();
use Nachet::Loader qw(@required);
use Nachet::ObjectStore ();
use Nachet::Test qw(png poll_until tempdir write_file);
use Test::More;

my %missing = (azure => 'ContainerNotFound', s3 => 'NoSuchBucket');

for my $kind (qw(azure s3))
{
	my $objects = Nachet::ObjectStore->new($kind);
	my $proxy = Nachet::FaultProxy->new($objects->port);
	my $store = Nachet::Test->new;
	my $folder = tempdir();
	$objects->use_by($store, port => $proxy->port);
	write_file("$folder/$_.png", png(20, 20, $_)) for 1 .. 3;
	my ($status, $set, $err) = $store->run_load(@required, $folder);
	die $err if $status != 0;
	chomp $set;
	$store->psql('SELECT nachet.offload_contents()');
	my ($id, $url) = split /\|/, $store->psql('SELECT p.id, object_url FROM nachet.picture p JOIN nachet.content c ON c.id = content_id ORDER BY c.id LIMIT 1');
	my $read = "SELECT nachet.picture_content('$id')";
	my $range = "SELECT nachet.content_read(sha256, 10, 20) FROM nachet.content WHERE object_url = '$url'";
	my $verify = sub { return "SELECT nachet.chunk_size(); SET nachet.verify_objects = '$_[0]'; SELECT count(*) FROM nachet.verify_contents()" };

	for my $answer ("$missing{$kind} No such bucket.", 'AccountNotFound No such account.', '')
	{
		my $name = $answer =~ /^(\S+)/ ? $1 : 'no code at all';
		$proxy->fault(GET => "status 404 $answer" =~ s/ \z//r);
		is($store->sqlstate($read), 'NC008', "$kind: 404 with $name: reading: that is the store's trouble");
		is($store->sqlstate($range), 'NC008', 'reading a range as well');
		is($store->sqlstate($verify->('read')), 'NC008', 'and verifying');
		is($store->sqlstate('SELECT nachet.restore_contents()'), 'NC008', 'and restoring');
		$proxy->clear;
	}
	$proxy->fault('HEAD,GET' => "status 404 $missing{$kind} No such bucket.");
	is($store->sqlstate($verify->('size')), 'NC008', "$kind: so it is, to a HEAD without a code");
	$proxy->clear;
	is($store->psql($verify->('size')), "8120\n0", "$kind: nothing is amiss");

	$objects->delete($objects->key($url));
	is($store->sqlstate($read), 'XX001', "$kind: an object that is gone is damage, to reading");
	is($store->sqlstate($range), 'XX001', 'to a range');
	is($store->psql($verify->($_)), "8120\n1", "to verifying by $_") for qw(size read);
	my $before = () = $proxy->requests;
	is($store->psql('BEGIN; SELECT failed FROM nachet.restore_contents(); ROLLBACK'), 1, 'to restoring');
	is(scalar(() = $proxy->requests) - $before, 3, 'which asks for it once');

	$store->psql("SELECT nachet.delete_picture_set('$set')");
	$proxy->fault(DELETE => "status 404 $missing{$kind} No such bucket.");
	ok(poll_until(sub { $store->psql_result('SELECT nachet.offload_contents()'); return $store->psql('SELECT count(*) FROM nachet.object_deletion WHERE tries > 0') == 3 }), "$kind: deleting: where the bucket is missing it fails");
	like($store->psql('SELECT DISTINCT last_error FROM nachet.object_deletion'), qr/\AHTTP status 404 $missing{$kind}: No such bucket\z/, 'and says why');
	$proxy->clear;
	$store->psql('UPDATE nachet.object_deletion SET next_try = now()');
	ok(poll_until(sub { $store->psql('SELECT nachet.offload_contents()'); return !$store->psql('SELECT count(*) FROM nachet.object_deletion') }), 'then all are deleted, also the one that was gone');
	is(scalar(my @none = $objects->list), 0, 'in the store');
}

done_testing;
