#!/usr/bin/env perl
# test/meta/010_version.t: the control file is the version's only home; what repeats it must agree.
use strict;
use warnings;

use JSON::PP ();
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(slurp);

my $root = $Nachet::Test::ROOT;
my ($version) = slurp("$root/extension/nachet_datastore.control") =~ /^default_version\s*=\s*'([^']+)'/m;
ok $version, 'the control file names a version';

my $meta = JSON::PP->new->decode(slurp("$root/META.json"));
is $meta->{version}, $version, "META.json's version";

my $provided = $meta->{provides}{nachet_datastore};
is $provided->{version}, $version, "META.json's version of the extension";
is $provided->{file}, "sql/nachet_datastore--$version.sql", 'its install script is named for the version';
ok -e "$root/$provided->{docfile}", 'its documentation is there';
is $meta->{name}, 'nachet_datastore', 'the distribution is named for the extension';
is $meta->{'meta-spec'}{version}, '1.0.0', 'it follows PGXN Meta Spec 1.0.0';
ok defined $meta->{$_}, "META.json has the required '$_'" for qw(name version abstract maintainer license provides);
like slurp("$root/CHANGELOG.md"), qr/^## \Q$version\E/m, 'CHANGELOG.md has a section for it';

done_testing;
