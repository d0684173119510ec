-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What a month's close keeps, who signs it, and what imports remember.

-- The report's files as they were rendered when the month closed: served from then on.
CREATE TABLE ledger.period_report (
  month    date NOT NULL REFERENCES ledger.period_close,
  fund     ledger.short_name NOT NULL REFERENCES ledger.fund,
  language text NOT NULL CHECK (language IN ('fr', 'en')),
  format   ledger.short_name NOT NULL,                      -- "pdf"
  document bytea NOT NULL REFERENCES ledger.document,
  PRIMARY KEY (month, fund, language, format)
);
CALL ledger.make_append_only('ledger.period_report');
CALL ledger.make_journaled('ledger.period_report');

-- Two people sign a fund's month: who prepared it, then somebody else who approves.
CREATE TABLE ledger.signoff (
  month     date NOT NULL REFERENCES ledger.period_close,
  fund      ledger.short_name NOT NULL REFERENCES ledger.fund,
  step      text NOT NULL CHECK (step IN ('prepared', 'approved')),
  comment   ledger.one_line NOT NULL DEFAULT '',
  signed_by text NOT NULL,
  signed_at timestamptz NOT NULL,
  PRIMARY KEY (month, fund, step)
);
CALL ledger.make_append_only('ledger.signoff');

-- With the rights of whoever signs: the step must be theirs. Where the groups do not exist, two
-- logins are all that can be asked for.
CREATE FUNCTION ledger.sign_off() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  preparer text;
  may text[] := CASE NEW.step WHEN 'approved' THEN ARRAY['approbation'] ELSE ARRAY['saisie', 'finances'] END;
BEGIN
  PERFORM ledger.lock_postings();
  IF to_regrole('intendance_approbation') IS NOT NULL AND NOT EXISTS
     (SELECT FROM unnest(may) r WHERE pg_has_role(current_user, to_regrole('intendance_' || r), 'USAGE')) THEN
    RAISE EXCEPTION '% may not sign that a report was %: that is for the role %', session_user, NEW.step,
      array_to_string(may, ' or ') USING ERRCODE = '42501';
  END IF;
  IF NOT EXISTS (SELECT FROM ledger.period_report r WHERE r.month = NEW.month AND r.fund = NEW.fund) THEN
    RAISE EXCEPTION 'no report of % for % is kept to be signed; close the month first: intendance month close %',
      NEW.fund, to_char(NEW.month, 'YYYY-MM'), to_char(NEW.month, 'YYYY-MM') USING ERRCODE = 'ID007';
  END IF;
  SELECT s.signed_by INTO preparer FROM ledger.signoff s
    WHERE s.month = NEW.month AND s.fund = NEW.fund AND s.step = 'prepared';
  IF NEW.step = 'approved' AND preparer IS NULL THEN
    RAISE EXCEPTION 'whoever prepared the report of % for % signs first', NEW.fund,
      to_char(NEW.month, 'YYYY-MM') USING ERRCODE = 'ID007';
  END IF;
  IF NEW.step = 'approved' AND preparer = session_user THEN
    RAISE EXCEPTION '% prepared the report of % for % and cannot approve it: a second person must',
      session_user, NEW.fund, to_char(NEW.month, 'YYYY-MM') USING ERRCODE = 'ID007';
  END IF;
  IF EXISTS (SELECT FROM ledger.signoff s WHERE (s.month, s.fund, s.step) = (NEW.month, NEW.fund, NEW.step)) THEN
    RAISE EXCEPTION 'the report of % for % was already signed as %', NEW.fund,
      to_char(NEW.month, 'YYYY-MM'), NEW.step USING ERRCODE = 'ID007';
  END IF;
  NEW.signed_by := session_user;
  NEW.signed_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER sign_off BEFORE INSERT ON ledger.signoff
  FOR EACH ROW EXECUTE FUNCTION ledger.sign_off();
ALTER TABLE ledger.signoff ENABLE ALWAYS TRIGGER sign_off;
CALL ledger.make_journaled('ledger.signoff');

-- Imports compare what a source says now with what it said last. The newest row of an external id
-- holds; without an entry, the work is gone from the source. Entries are the chain's; this is only
-- memory, and no part of it.
CREATE TABLE ledger.import_source (
  name  ledger.short_name PRIMARY KEY,                      -- "redmine"
  label ledger.one_line NOT NULL DEFAULT ''
);
CREATE TABLE ledger.import_item (
  item_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source      ledger.short_name NOT NULL REFERENCES ledger.import_source,
  external_id ledger.one_line NOT NULL CHECK (external_id <> ''),
  fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),   -- of what the source said
  entry_id    uuid UNIQUE REFERENCES ledger.entry (entry_id),
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX import_item_by_id ON ledger.import_item (source, external_id, item_id);
CALL ledger.make_append_only('ledger.import_source');
CALL ledger.make_append_only('ledger.import_item');
CREATE VIEW ledger.import_state AS
  SELECT DISTINCT ON (i.source, i.external_id) i.source, i.external_id, i.fingerprint, i.entry_id,
         e.number AS entry_number, i.recorded_at
  FROM ledger.import_item i LEFT JOIN ledger.entry e ON e.entry_id = i.entry_id
  ORDER BY i.source, i.external_id, i.item_id DESC;
