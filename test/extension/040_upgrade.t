#!/usr/bin/env perl
# test/extension/040_upgrade.t: ALTER EXTENSION UPDATE keeps what is stored and ends at the catalog
# of a fresh install.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Nachet::Test qw(png slurp);
use Test::More;

my ($current) = slurp("$Nachet::Test::ROOT/extension/nachet_datastore.control") =~ /^default_version = '([^']+)'/m;
my @released = map { /datastore--(\d[\d.]*)\.sql$/ && $1 ne $current ? $1 : () }
	glob "$Nachet::Test::ROOT/sql/upgrade/nachet_datastore--*.sql";
ok @released > 0, "released versions: @released";

my $store = Nachet::Test->new;

# All that belongs to the extension, a line each, without what differs from database to database.
my $catalog = <<'SQL';
WITH member AS (
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'nachet_datastore'
), relation AS (
	SELECT c.* FROM pg_class c JOIN member ON classid = 'pg_class'::regclass AND objid = c.oid
)
SELECT line FROM (
	-- Rights in no order, and those by default like those that are written down.
	SELECT concat_ws(' ', 'rights', what, array(SELECT unnest(acl)::text ORDER BY 1)) FROM (
		SELECT 'function ' || p.oid::regprocedure AS what, coalesce(proacl, acldefault('f', proowner)) AS acl
		FROM pg_proc p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid
		UNION ALL SELECT 'relation ' || oid::regclass, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) FROM relation
		UNION ALL SELECT 'schema nachet', coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'nachet') AS t
	UNION ALL SELECT 'member ' || pg_describe_object(classid, objid, 0) FROM member
	UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) || ' ' || proowner::regrole
			|| ' ' || coalesce(obj_description(p.oid, 'pg_proc'), '')
		FROM pg_proc p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid
	UNION ALL SELECT concat_ws(' ', 'relation', oid::regclass, relkind, relowner::regrole, relpersistence, reloptions,
			obj_description(oid, 'pg_class'), CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END)
		FROM relation
	UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod),
			attnotnull, attstorage, coalesce(attstattarget, -1), attidentity, attgenerated, array(SELECT unnest(attacl)::text ORDER BY 1), pg_get_expr(adbin, adrelid),
			col_description(attrelid, attnum))
		FROM pg_attribute JOIN relation ON attrelid = relation.oid
			LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		WHERE attnum > 0 AND NOT attisdropped
	UNION ALL SELECT concat_ws(' ', 'replica identity', oid::regclass, relreplident) FROM relation
	UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'nachet'
	UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
		FROM pg_constraint c JOIN relation ON conrelid = relation.oid
	UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled)
		FROM pg_trigger t JOIN relation ON tgrelid = relation.oid WHERE NOT tgisinternal
	UNION ALL SELECT concat_ws(' ', 'event trigger', evtname, evtevent, evtfoid::regproc, evtenabled, evttags)
		FROM pg_event_trigger
	UNION ALL SELECT concat_ws(' ', 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqcache)
		FROM pg_sequence JOIN relation ON seqrelid = relation.oid
	UNION ALL SELECT 'schema ' || nspname || ' ' || nspowner::regrole
		FROM pg_namespace WHERE nspname = 'nachet'
	UNION ALL SELECT 'extension ' || extversion || ' ' || extrelocatable FROM pg_extension WHERE extname = 'nachet_datastore'
	UNION ALL SELECT concat_ws(' ', 'dumped', config::regclass, condition)
		FROM pg_extension, unnest(extconfig, extcondition) AS u (config, condition) WHERE extname = 'nachet_datastore'
) AS t (line) ORDER BY line COLLATE "C"
SQL

sub catalog_of
{
	my ($db) = @_;
	return [ split /\n/, $store->psql($catalog, db => $db) ];
}

my $fresh = catalog_of('nachet');
for my $version (@released)
{
	my $db = "from_$version" =~ s/\W/_/gr;
	$store->psql("CREATE DATABASE $db", db => 'postgres');
	$store->psql("CREATE EXTENSION nachet_datastore VERSION '$version'", db => $db);
	$store->psql_file("$Nachet::Test::ROOT/sql/sample_seeds.sql", db => $db);
	my $picture = png(40, 30, 'kept');
	my $upload = "SELECT nachet.upload_picture_set(ARRAY['\\x" . unpack('H*', $picture) . "']::bytea[],"
		. " nachet.register_user('someone\@example.org'),"
		. ' \'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}\')';
	my $id = $store->psql($upload, db => $db);

	# An index of the site's, under the name that PostgreSQL gives it and a later version uses.
	$store->psql('CREATE UNIQUE INDEX ON nachet.users (default_set_id)', db => $db);
	my (undef, undef, $err) = $store->psql_result('ALTER EXTENSION nachet_datastore UPDATE', db => $db);
	like $err, qr/WARNING:  index "nachet\.users_default_set_id_idx" is renamed to "users_default_set_id_idx_site"/m, "$version: a site's index is renamed";
	is $store->psql(q{SELECT indisunique FROM pg_index WHERE indexrelid = 'nachet.users_default_set_id_idx_site'::regclass}, db => $db), 't',
		"$version: a site's index is kept";
	$store->psql('DROP INDEX nachet.users_default_set_id_idx_site', db => $db);
	is_deeply catalog_of($db), $fresh, "$version becomes what a fresh install is";
	is $store->psql($upload, db => $db), $id, "$version: the set that was there is known";
	is $store->psql("SELECT encode(nachet.picture_content(id), 'hex') FROM nachet.picture", db => $db),
		unpack('H*', $picture), "$version: its bytes are there";
}

done_testing;
