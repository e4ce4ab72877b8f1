-- Rights: nachet_owner owns everything, and nobody else may do what is not granted here.

-- What PostgreSQL itself or default privileges of the installer have opened is closed first.
DO $$
DECLARE
	object record;
	role text;
BEGIN
	FOR object IN
		SELECT kind, name, owner, acl FROM (
			SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
				CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_catalog.quote_ident(relname), relowner, relacl
			FROM pg_catalog.pg_class c
			UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'ROUTINE',
				pg_catalog.format('%I(%s)', proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), proowner,
				coalesce(proacl, pg_catalog.acldefault('f', proowner))
			FROM pg_catalog.pg_proc p
		) AS m (catalog, oid, kind, name, owner, acl) JOIN pg_catalog.pg_depend d ON d.classid = catalog AND d.objid = m.oid
		WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'nachet_datastore')
	LOOP
		-- A sequence goes with its table.
		IF object.kind <> 'SEQUENCE' THEN
			EXECUTE pg_catalog.format('ALTER %s nachet.%s OWNER TO nachet_owner', object.kind, object.name);
		END IF;
		FOR role IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::pg_catalog.regrole::text END
			FROM pg_catalog.aclexplode(object.acl) WHERE grantee <> object.owner
		LOOP
			EXECUTE pg_catalog.format('REVOKE ALL ON %s nachet.%s FROM %s', object.kind, object.name, role);
		END LOOP;
		IF object.acl IS NOT NULL THEN
			EXECUTE pg_catalog.format('GRANT ALL ON %s nachet.%s TO nachet_owner', object.kind, object.name);
		END IF;
	END LOOP;
	FOR role IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::pg_catalog.regrole::text END
		FROM pg_catalog.pg_namespace, pg_catalog.aclexplode(nspacl) WHERE nspname = 'nachet' AND grantee <> nspowner
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA nachet FROM %s', role);
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA nachet TO nachet_owner, nachet_reader, nachet_importer, nachet_app, nachet_admin;

GRANT SELECT ON nachet.seed, nachet.object_type, nachet.picture_set, nachet.picture, nachet.picture_seed,
	nachet.content TO nachet_reader;
GRANT EXECUTE ON FUNCTION
	nachet.get_all_seeds_names(),
	nachet.chunk_size(),
	nachet.picture_content(uuid),
	nachet.content_read(bytea, bigint, bigint)
	TO nachet_reader;

GRANT INSERT (chunk_no, data) ON nachet.content_chunk TO nachet_importer;
GRANT EXECUTE ON FUNCTION
	nachet.get_all_seeds_names(),
	nachet.is_user_registered(text),
	nachet.chunk_size(),
	nachet.missing_contents(bytea[]),
	nachet.hold_contents(bytea[]),
	nachet.content_facts(bytea[]),
	nachet.upload_picture_set(bytea[], uuid, jsonb),
	nachet.upload_picture_set(text[], bytea[], uuid, jsonb),
	nachet.request_json(text),
	nachet.request_user(jsonb, text),
	nachet.picture_form(jsonb, text),
	nachet.batch_import(jsonb, text),
	nachet.picture_errors(jsonb)
	TO nachet_importer;

-- No column that a digest or a restore depends on.
GRANT SELECT, DELETE ON nachet.users, nachet.seed, nachet.picture_set, nachet.picture, nachet.picture_seed
	TO nachet_app;
GRANT SELECT ON nachet.object_type TO nachet_app;
GRANT INSERT, UPDATE ON nachet.users, nachet.seed, nachet.picture_seed TO nachet_app;
GRANT INSERT (id, picture_set, owner_id, upload_date, name), UPDATE (id, picture_set, owner_id, upload_date, name)
	ON nachet.picture_set TO nachet_app;
GRANT INSERT (id, picture, picture_set_id, nb_obj, verified, upload_date),
	UPDATE (id, picture, picture_set_id, nb_obj, verified, upload_date)
	ON nachet.picture TO nachet_app;
GRANT EXECUTE ON FUNCTION
	nachet.uuidv7(),
	nachet.get_all_seeds_names(),
	nachet.is_user_registered(text)
	TO nachet_app;

GRANT SELECT ON nachet.storage, nachet.verify_run, nachet.verify_finding, nachet.verify_progress TO nachet_admin;
GRANT EXECUTE ON ROUTINE
	nachet.get_all_seeds_names(),
	nachet.is_user_registered(text),
	nachet.chunk_size(),
	nachet.register_user(text),
	nachet.register_seed(text),
	nachet.delete_picture_set(uuid),
	nachet.sweep_contents(interval),
	nachet.sweep_next(timestamptz, bigint),
	nachet.sweep_all(interval, bigint, bigint),
	nachet.offload_contents(bigint, bigint),
	nachet.restore_contents(bigint, bigint, uuid),
	nachet.adopt_object_store(),
	nachet.renew_object_store_prefix(),
	nachet.verify_contents(bigint, bigint),
	nachet.verify_begin(),
	nachet.verify_next(bigint, bigint),
	nachet.verify_all(bigint, bigint)
	TO nachet_admin;
