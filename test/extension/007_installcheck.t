#!/usr/bin/env perl
# test/extension/007_installcheck.t: `make installcheck`, which packagers run on a server that has
# the extension installed.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test;
use Test::More;

my $root = $Nachet::Test::ROOT;
chdir $root or die "$root: $!\n";
my $output = qx(test/lib/with-cluster --bare make -s installcheck 2>&1);
is($?, 0, 'the regression test passes on an installed server') or diag($output, qx(cat build/installcheck/regression.diffs));
like($output, qr/^test nachet_datastore .* ok |^ok .* nachet_datastore /m, 'it ran');

done_testing;
