-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Who may do what, over all tables. Every group reads. UPDATE is granted on the few columns that may
-- be corrected, DELETE and TRUNCATE on nothing; the journal is written by triggers alone.
-- Administration is a member of saisie, approbation and finances.
CREATE OR REPLACE FUNCTION ledger.grant_rights() RETURNS void LANGUAGE plpgsql AS $$
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
    ('saisie', 'INSERT (entry_id, minutes, worked_on, posted_on, fund, vendor, activity, service, person, description, engagement, reverses)', 'entry'),
    ('saisie', 'INSERT (name, label), UPDATE (label)', 'service'),
    ('saisie, finances', 'INSERT', 'quote'),
    ('saisie, approbation, finances', 'INSERT', 'document'),
    ('saisie, approbation, finances', 'INSERT', 'document_content'),
    ('saisie', 'INSERT', 'import_source'),
    ('saisie', 'INSERT (source, external_id, fingerprint, entry_id)', 'import_item'),
    ('saisie, finances', 'INSERT (month, fund, step, comment)', 'signoff'),
    ('approbation', 'INSERT (month, fund, step, comment)', 'signoff'),
    ('approbation', 'INSERT (month)', 'period_close'),
    ('approbation', 'INSERT', 'period_report'),
    ('approbation, finances', 'INSERT (name, kind, fund, vendor, service, activity, category, minutes, cents, quote_number, accepted_by, accepted_on, expected_by, description, document)', 'engagement'),
    ('approbation, finances', 'INSERT (void_id, engagement, cents, voided_on, reason)', 'engagement_void'),
    ('finances', 'INSERT (name, label, award, calendar), UPDATE (label, award)', 'fund'),
    ('finances', 'INSERT (fund, year, version, kind, reason)', 'budget_version'),
    ('finances', 'INSERT', 'budget_line'),
    ('finances', 'INSERT (fund, valid, basis), UPDATE (valid)', 'budget_basis'),
    ('finances', 'INSERT (vendor, activity, valid, cents_per_hour, source), UPDATE (valid)', 'rate'),
    ('finances', 'INSERT, UPDATE (ends_on)', 'grant_award'),
    ('finances', 'INSERT, UPDATE (state)', 'grant_deadline'),
    ('finances', 'INSERT', 'vendor_tax_number'),
    ('finances', 'INSERT (cost_id, kind, service, fund, vendor, category, engagement, description, cents, taxation, first_on, period_months, last_on, expires_on, valuation, document, reverses, reverses_due)', 'cost'),
    ('finances', 'INSERT', 'cost_end'),
    ('finances', 'INSERT (invoice_id, vendor, number, dated, period_from, period_to, due_on, before_tax_cents, tps_cents, tvq_cents, total_cents, description, document)', 'invoice'),
    ('finances', 'INSERT', 'invoice_line'),
    ('finances', 'INSERT', 'invoice_void'),
    ('finances', 'INSERT (invoice_id, line, entry_id, cost_id, cost_due)', 'match'),
    ('finances', 'INSERT', 'match_undo'),
    ('finances', 'INSERT', 'payment'),
    ('administration', 'INSERT, UPDATE (label)', 'vendor'),
    ('administration', 'INSERT, UPDATE (label_fr, label_en)', 'activity'),
    ('administration', 'INSERT, UPDATE (label_fr, label_en)', 'budget_category'),
    ('administration', 'INSERT', 'fiscal_calendar')
  ) AS rights (roles, privileges, target) LOOP
    FOR reader IN SELECT 'intendance_' || r FROM unnest(string_to_array(writer.roles, ', ')) r LOOP
      CONTINUE WHEN to_regrole(reader) IS NULL;
      EXECUTE format('GRANT %s ON ledger.%I TO %I', writer.privileges, writer.target, reader);
    END LOOP;
  END LOOP;
END $$;

-- The functions of triggers act with the owner's rights: nobody else may hang one on a table of theirs,
-- as the journal's on a table "fund" of one's own.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace
             AND prorettype = 'trigger'::regtype LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END $$;
