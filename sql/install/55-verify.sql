-- Verification: stored contents read again. What it notes is about this cluster's files, so no dump takes it along.

CREATE TABLE nachet.verify_run (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz
);
CREATE UNIQUE INDEX verify_run_under_way ON nachet.verify_run ((true)) WHERE finished_at IS NULL;
COMMENT ON TABLE nachet.verify_run IS 'runs of verify_all; at most one is unfinished';

CREATE TABLE nachet.verify_range (
	run_id bigint NOT NULL REFERENCES nachet.verify_run (id) ON DELETE CASCADE,
	last_id bigint NOT NULL,
	next_id bigint NOT NULL,
	done boolean NOT NULL DEFAULT false,
	contents bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	findings bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (run_id, last_id)
);
COMMENT ON TABLE nachet.verify_range IS
	'the ranges of content ids of the latest run, with the progress of each';

CREATE TABLE nachet.verify_finding (
	run_id bigint NOT NULL REFERENCES nachet.verify_run (id) ON DELETE CASCADE,
	found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	content_id bigint,
	sha256 bytea,
	flaw text NOT NULL,
	detail text NOT NULL,
	picture_ids uuid[]
);
CREATE INDEX verify_finding_run_id_idx ON nachet.verify_finding (run_id);
-- It has no key, by which a publication of all tables would tell which row is deleted.
ALTER TABLE nachet.verify_finding REPLICA IDENTITY FULL;
COMMENT ON TABLE nachet.verify_finding IS 'damage found by verify_all';
COMMENT ON COLUMN nachet.verify_finding.content_id IS 'NULL if an index could not be read';
COMMENT ON COLUMN nachet.verify_finding.picture_ids IS
	'the pictures that have this content; NULL if they could not be read';

CREATE VIEW nachet.verify_progress AS
	SELECT r.id AS run_id, r.started_at, r.finished_at, sum(p.contents)::bigint AS contents,
		sum(p.bytes)::bigint AS bytes,
		(SELECT count(*) FROM nachet.verify_finding f WHERE f.run_id = r.id) AS findings,
		count(*) FILTER (WHERE p.done) AS ranges_done, count(*) AS ranges
	FROM nachet.verify_run r JOIN nachet.verify_range p ON p.run_id = r.id
	GROUP BY r.id;
COMMENT ON VIEW nachet.verify_progress IS 'progress of the latest run of verify_all';

CREATE FUNCTION nachet.verify_contents(first_id bigint DEFAULT NULL, last_id bigint DEFAULT NULL, OUT content_id bigint,
	OUT sha256 bytea, OUT flaw text, OUT detail text, OUT picture_ids uuid[]) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'verify_contents' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_contents(bigint, bigint) IS
	'reads the contents from first_id to last_id again (NULL: no bound) and returns the damaged ones, with the pictures that have them';

CREATE FUNCTION nachet.verify_begin() RETURNS bigint
	AS 'MODULE_PATHNAME', 'verify_begin' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_begin() IS
	'used by verify_all: returns the unfinished run, or starts one';

CREATE FUNCTION nachet.verify_next(run_id bigint, max_bytes bigint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'verify_next' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_next(bigint, bigint) IS
	'used by verify_all: verifies one slice of a run; false if no slice is left';

-- It commits, which a procedure with rights or a search_path of its own cannot.
CREATE PROCEDURE nachet.verify_all(max_bytes bigint DEFAULT 1073741824, INOUT findings bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'verify_all' LANGUAGE C;
COMMENT ON PROCEDURE nachet.verify_all(bigint, bigint) IS
	'verifies all contents and commits after each slice of about max_bytes; resumes an unfinished run, and shares it with other sessions';
