# test/lib/Nachet/Intact.pm: what holds of a datastore whatever happened to it.
#
# Rule: it asks tables alone, by plain SQL, and no function of the datastore: what is checked does not check itself.
package Nachet::Intact;

use strict;
use warnings;

use Exporter 'import';
use Test::More ();

our @EXPORT_OK = qw(is_intact flaws);

# Each query counts what must not be.
my @claims = (
	'a content has all of its bytes, and they are the ones of its hash' => <<'SQL',
SELECT count(*) FROM nachet.content c LEFT JOIN LATERAL (
	SELECT sha256(string_agg(data, '' ORDER BY chunk_no)) AS hash, sum(length(data)) AS size,
		count(*) AS chunks, max(chunk_no) + 1 AS expected
	FROM nachet.content_chunk k WHERE k.content_id = c.id) AS k ON true
WHERE c.object_url IS NULL
	AND (hash IS DISTINCT FROM c.sha256 OR size IS DISTINCT FROM c.byte_size OR chunks IS DISTINCT FROM expected)
SQL
	'a chunk belongs to a content' => <<'SQL',
SELECT count(*) FROM nachet.content_chunk k WHERE NOT EXISTS (SELECT FROM nachet.content c WHERE c.id = k.content_id)
SQL
	'bytes are stored once' =>
		'SELECT count(*) - count(DISTINCT sha256) FROM nachet.content',
	'a picture has bytes, which are a picture' => <<'SQL',
SELECT count(*) FROM nachet.picture p LEFT JOIN nachet.content c ON c.id = p.content_id WHERE c.format IS NULL
SQL
	'a picture shows a seed' => <<'SQL',
SELECT count(*) FROM nachet.picture p WHERE NOT EXISTS (SELECT FROM nachet.picture_seed s WHERE s.picture_id = p.id)
SQL
	'a set is whole' => <<'SQL',
SELECT count(*) FROM nachet.picture_set s
WHERE (picture_set #>> '{image_data_picture_set,number_of_images}')::bigint
	<> (SELECT count(*) FROM nachet.picture p WHERE p.picture_set_id = s.id)
SQL
	'a set is there once' => <<'SQL',
SELECT count(*) - count(DISTINCT (owner_id, digest)) FROM nachet.picture_set WHERE digest IS NOT NULL
SQL
);

# The claims that do not hold, each with how often.
sub flaws
{
	my ($store) = @_;
	my @flaws;
	for (my $i = 0; $i < @claims; $i += 2)
	{
		my $count = $store->psql($claims[ $i + 1 ]);
		push @flaws, "not $count times: $claims[$i]" if $count != 0;
	}
	return @flaws;
}

sub is_intact
{
	my ($store, $title) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Test::More::is(join('; ', flaws($store)), '', $title);
}

1;
