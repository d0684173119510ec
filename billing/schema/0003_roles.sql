-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who may do what. Five groups without login, to be granted to people and programs; their names
-- carry the suite's, since roles belong to the whole cluster. The program makes them where the one
-- who migrates may make roles; elsewhere an administrator does, and runs `intendance database
-- migrate` again, which calls this function at its end each time.

-- Every group reads. Nobody is granted UPDATE, DELETE or TRUNCATE, but for the end of a rate.
-- Administration is a member of saisie, approbation and finances.
CREATE FUNCTION ledger.grant_rights() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  reader text;
  writer record;
BEGIN
  FOREACH reader IN ARRAY ARRAY['lecture', 'saisie', 'approbation', 'finances', 'administration'] LOOP
    CONTINUE WHEN to_regrole('intendance_' || reader) IS NULL;
    EXECUTE format('GRANT USAGE ON SCHEMA ledger TO %I', 'intendance_' || reader);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO %I', 'intendance_' || reader);
  END LOOP;
  FOR writer IN SELECT * FROM (VALUES
    ('saisie', 'INSERT (entry_id, minutes, worked_on, posted_on, fund, vendor, activity, service, person, description, reverses)', 'entry'),
    ('saisie', 'INSERT (name, label)', 'service'),
    ('approbation', 'INSERT (month)', 'period_close'),
    ('finances', 'INSERT (name, label, award, calendar), UPDATE (label, award)', 'fund'),
    ('finances', 'INSERT (fund, year, version, reason)', 'budget_version'),
    ('finances', 'INSERT', 'budget_line'),
    ('finances', 'INSERT, UPDATE (valid)', 'budget_basis'),
    ('finances', 'INSERT (vendor, activity, valid, cents_per_hour, source), UPDATE (valid)', 'rate'),
    ('administration', 'INSERT', 'vendor'),
    ('administration', 'INSERT', 'activity')
  ) AS rights (role, privileges, target) LOOP
    CONTINUE WHEN to_regrole('intendance_' || writer.role) IS NULL;
    EXECUTE format('GRANT %s ON ledger.%I TO %I', writer.privileges, writer.target,
                   'intendance_' || writer.role);
  END LOOP;
END $$;
