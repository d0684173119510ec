-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What entries refer to: calendars, funds and their budgets, vendors, activities, services, rates,
-- taxes. Money is integer cents, work integer minutes, proportions integer parts per 100 000. The
-- schema itself exists already: the list of migrations lives in it.
--
-- Refusals that people may see carry a code of our own class "ID":
--   ID001 may never be changed or removed    ID004 no rate on that day
--   ID002 unknown or refused reversal        ID005 an id already used for another entry
--   ID003 the month is closed                ID006 a day or an amount that cannot be

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- A table of facts: rows are added, never changed, not even by the owner or a superuser.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on ledger.% is refused: what is written there stays; correct a mistake by adding a reversal or a new version',
    TG_OP, TG_TABLE_NAME USING ERRCODE = 'ID001';
END $$;

-- ALWAYS: also while a session calls itself a replica, which skips ordinary triggers.
CREATE PROCEDURE ledger.make_append_only(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', target);
END $$;

-- Names appear in command lines, metrics and reports: one printable word.
CREATE DOMAIN ledger.short_name AS text
  CHECK (VALUE ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$');
CREATE DOMAIN ledger.one_line AS text
  CHECK (octet_length(VALUE) <= 2000 AND VALUE !~ '[[:cntrl:]]');

-- A fiscal year is named by the calendar year in which it starts.
CREATE TABLE ledger.fiscal_calendar (
  name        ledger.short_name PRIMARY KEY,
  first_month smallint NOT NULL CHECK (first_month BETWEEN 1 AND 12)
);
INSERT INTO ledger.fiscal_calendar VALUES ('grant', 4), ('university', 5);
CALL ledger.make_append_only('ledger.fiscal_calendar');

CREATE TABLE ledger.fund (
  name        ledger.short_name PRIMARY KEY,
  label       ledger.one_line NOT NULL DEFAULT '',
  award       ledger.one_line NOT NULL DEFAULT '',   -- the funder's own number
  calendar    ledger.short_name NOT NULL REFERENCES ledger.fiscal_calendar,
  recorded_by text NOT NULL DEFAULT session_user,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
-- A label may be corrected; another calendar would move entries from one year's report to another's.
CREATE TRIGGER calendar_stays BEFORE UPDATE OF name, calendar ON ledger.fund
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.fund ENABLE ALWAYS TRIGGER calendar_stays;

-- A change of budget is a new version; the highest counts.
CREATE TABLE ledger.budget_version (
  fund        ledger.short_name NOT NULL REFERENCES ledger.fund,
  year        integer NOT NULL CHECK (year BETWEEN 2000 AND 2200),
  version     integer NOT NULL CHECK (version > 0),
  reason      ledger.one_line NOT NULL DEFAULT '',
  recorded_by text NOT NULL DEFAULT session_user,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (fund, year, version)
);
CREATE TABLE ledger.budget_line (
  fund    ledger.short_name NOT NULL,
  year    integer NOT NULL,
  version integer NOT NULL,
  line    ledger.short_name NOT NULL,                -- poste budgétaire
  cents   bigint NOT NULL CHECK (cents BETWEEN 0 AND 100000000000),
  PRIMARY KEY (fund, year, version, line),
  FOREIGN KEY (fund, year, version) REFERENCES ledger.budget_version
);
CALL ledger.make_append_only('ledger.budget_version');
CALL ledger.make_append_only('ledger.budget_line');

CREATE TABLE ledger.vendor (
  name  ledger.short_name PRIMARY KEY,
  label ledger.one_line NOT NULL
);
INSERT INTO ledger.vendor VALUES ('koumbit', 'Koumbit');

CREATE TABLE ledger.activity (
  name     ledger.short_name PRIMARY KEY,
  label_fr ledger.one_line NOT NULL,
  label_en ledger.one_line NOT NULL
);
INSERT INTO ledger.activity VALUES
  ('maintenance', 'maintenance', 'maintenance'),
  ('development', 'développement', 'development'),
  ('incident', 'incident', 'incident'),
  ('advice', 'conseil', 'advice');

CREATE TABLE ledger.service (
  name        ledger.short_name PRIMARY KEY,
  label       ledger.one_line NOT NULL DEFAULT '',
  recorded_by text NOT NULL DEFAULT session_user,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

-- A closed month receives no more postings; months close in their order. head_number and head_hash
-- say where the chain of entries ended (0002).
CREATE TABLE ledger.period_close (
  month       date PRIMARY KEY CHECK (extract(day FROM month) = 1),
  head_number bigint NOT NULL,
  head_hash   bytea NOT NULL,
  closed_by   text NOT NULL DEFAULT session_user,
  closed_at   timestamptz NOT NULL DEFAULT now()
);
CALL ledger.make_append_only('ledger.period_close');

CREATE FUNCTION ledger.first_open_day() RETURNS date LANGUAGE sql STABLE
  SET search_path = pg_catalog, ledger, pg_temp
  RETURN (SELECT coalesce((max(month) + interval '1 month')::date, '-infinity') FROM ledger.period_close);

-- A parameter with dates: once it has started, only its end may be set, and never so that what a
-- closed month was computed from changes. Ranges are [first day, first day that no longer counts).
CREATE FUNCTION ledger.only_close() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- A rate may be recorded for days gone by: late work needs it, and no entry can have been
    -- recorded without one. A tax or a rebate would change the months already reported.
    IF TG_TABLE_NAME <> 'rate' AND lower(NEW.valid) < ledger.first_open_day() THEN
      RAISE EXCEPTION 'a % cannot start on %: that month is closed', TG_TABLE_NAME,
        to_char(lower(NEW.valid), 'YYYY-MM-DD') USING ERRCODE = 'ID003';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF lower(OLD.valid) <= current_date THEN
      RAISE EXCEPTION 'a % that started on % cannot be removed; set its end instead', TG_TABLE_NAME,
        to_char(lower(OLD.valid), 'YYYY-MM-DD') USING ERRCODE = 'ID001';
    END IF;
    RETURN OLD;
  END IF;
  IF to_jsonb(NEW) - 'valid' IS DISTINCT FROM to_jsonb(OLD) - 'valid'
     OR lower(NEW.valid) IS DISTINCT FROM lower(OLD.valid)
     OR upper_inf(NEW.valid) OR upper(OLD.valid) <= current_date THEN
    RAISE EXCEPTION 'the % from % may only be given an end; record a new one for later days',
      TG_TABLE_NAME, to_char(lower(OLD.valid), 'YYYY-MM-DD') USING ERRCODE = 'ID001';
  END IF;
  IF upper(NEW.valid) < ledger.first_open_day() THEN
    RAISE EXCEPTION 'the % from % cannot end on %: that month is closed', TG_TABLE_NAME,
      to_char(lower(OLD.valid), 'YYYY-MM-DD'), to_char(upper(NEW.valid), 'YYYY-MM-DD')
      USING ERRCODE = 'ID003';
  END IF;
  RETURN NEW;
END $$;

CREATE PROCEDURE ledger.make_only_closable(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER only_close BEFORE INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION ledger.only_close()', target);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_close', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER no_truncate', target);
END $$;

CREATE DOMAIN ledger.validity AS daterange
  CHECK (NOT isempty(VALUE) AND NOT lower_inf(VALUE));

CREATE TABLE ledger.rate (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  vendor         ledger.short_name NOT NULL REFERENCES ledger.vendor,
  activity       ledger.short_name REFERENCES ledger.activity,   -- NULL: every activity without its own
  valid          ledger.validity NOT NULL,
  cents_per_hour bigint NOT NULL CHECK (cents_per_hour BETWEEN 1 AND 10000000),
  source         ledger.one_line NOT NULL DEFAULT '',            -- contract, quote, web page
  recorded_by    text NOT NULL DEFAULT session_user,
  recorded_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT rate_overlap EXCLUDE USING gist
    ((vendor::text) WITH =, (coalesce(activity::text, '')) WITH =, (valid::daterange) WITH &&)
);
CALL ledger.make_only_closable('ledger.rate');

-- Revenu Québec: TPS 5 %, TVQ 9,975 % of the price before both; public service bodies' rebates for
-- universities 67 % and 47 % of the tax paid.
CREATE TABLE ledger.tax_rule (
  tax               ledger.short_name NOT NULL,
  valid             ledger.validity NOT NULL,
  parts_per_100000  integer NOT NULL CHECK (parts_per_100000 BETWEEN 0 AND 100000),
  CONSTRAINT tax_rule_overlap EXCLUDE USING gist ((tax::text) WITH =, (valid::daterange) WITH &&)
);
INSERT INTO ledger.tax_rule VALUES
  ('TPS', '[2013-01-01,)', 5000),
  ('TVQ', '[2013-01-01,)', 9975);
CALL ledger.make_only_closable('ledger.tax_rule');

CREATE TABLE ledger.rebate (
  tax               ledger.short_name NOT NULL,
  valid             ledger.validity NOT NULL,
  parts_per_100000  integer NOT NULL CHECK (parts_per_100000 BETWEEN 0 AND 100000),
  CONSTRAINT rebate_overlap EXCLUDE USING gist ((tax::text) WITH =, (valid::daterange) WITH &&)
);
INSERT INTO ledger.rebate VALUES
  ('TPS', '[2013-01-01,)', 67000),
  ('TVQ', '[2013-01-01,)', 47000);
CALL ledger.make_only_closable('ledger.rebate');

-- What a fund's budget pays: net of rebates unless a row here says otherwise.
CREATE TABLE ledger.budget_basis (
  fund   ledger.short_name NOT NULL REFERENCES ledger.fund,
  valid  ledger.validity NOT NULL,
  basis  text NOT NULL CHECK (basis IN ('net', 'gross', 'before_tax')),
  CONSTRAINT budget_basis_overlap EXCLUDE USING gist ((fund::text) WITH =, (valid::daterange) WITH &&)
);
CALL ledger.make_only_closable('ledger.budget_basis');
