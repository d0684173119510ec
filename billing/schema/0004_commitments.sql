-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What money is given for and promised to: lines of budgets, grants, documents, quotes, engagements.
--
-- More refusals that people may see, beside those of 0001:
--   ID007 a second person must sign            ID010 a document that is not its fingerprint's
--   ID008 an engagement that cannot take this  ID011 a budget that does not add up or is complete
--   ID009 an invoice, match or payment that cannot be

-- Facts of which a few columns may be corrected; each state of them stays in the journal (0006).
CREATE FUNCTION ledger.refuse_other_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
    RAISE EXCEPTION 'of ledger.% only these may be corrected: %; record a new one instead', TG_TABLE_NAME,
      array_to_string(TG_ARGV, ', ') USING ERRCODE = 'ID001';
  END IF;
  RETURN NEW;
END $$;

CREATE PROCEDURE ledger.make_correctable(target regclass, columns text[]) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER stays BEFORE DELETE OR TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', target);
  EXECUTE format('CREATE TRIGGER correctable BEFORE UPDATE ON %s
                  FOR EACH ROW EXECUTE FUNCTION ledger.refuse_other_changes(%s)', target,
                 (SELECT string_agg(quote_literal(c), ', ') FROM unnest(columns) c));
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER stays', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER correctable', target);
END $$;
CALL ledger.make_correctable('ledger.fund', '{label,award}');
CALL ledger.make_correctable('ledger.vendor', '{label}');
CALL ledger.make_correctable('ledger.activity', '{label_fr,label_en}');
CALL ledger.make_correctable('ledger.service', '{label}');

-- Every fact has a key by which the journal names it.
ALTER TABLE ledger.tax_rule ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
ALTER TABLE ledger.rebate ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
ALTER TABLE ledger.budget_basis ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;

-- Postes budgétaires. Hours count in "services".
CREATE TABLE ledger.budget_category (
  name     ledger.short_name PRIMARY KEY,
  label_fr ledger.one_line NOT NULL,
  label_en ledger.one_line NOT NULL
);
INSERT INTO ledger.budget_category VALUES
  ('services', 'services professionnels et techniques', 'professional and technical services'),
  ('hosting', 'hébergement, domaines et licences', 'hosting, domains and licences'),
  ('equipment', 'équipement', 'equipment'),
  ('supplies', 'matériel et fournitures', 'materials and supplies'),
  ('salaries', 'salaires', 'salaries'),
  ('travel', 'déplacements', 'travel');
INSERT INTO ledger.budget_category SELECT DISTINCT line, line, line FROM ledger.budget_line
  ON CONFLICT DO NOTHING;
CALL ledger.make_correctable('ledger.budget_category', '{label_fr,label_en}');
ALTER TABLE ledger.budget_line ADD FOREIGN KEY (line) REFERENCES ledger.budget_category;

-- A virement is a version that moves cents between lines.
ALTER TABLE ledger.budget_version ADD COLUMN kind text NOT NULL DEFAULT 'set'
  CHECK (kind IN ('set', 'transfer'));

CREATE FUNCTION ledger.follow_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  last integer;
BEGIN
  SELECT coalesce(max(version), 0) INTO last FROM ledger.budget_version
    WHERE fund = NEW.fund AND year = NEW.year;
  IF NEW.version <> last + 1 THEN
    RAISE EXCEPTION 'the next version of the budget of % for % is %, not %', NEW.fund, NEW.year,
      last + 1, NEW.version USING ERRCODE = 'ID011';
  END IF;
  IF NEW.kind = 'transfer' AND NEW.reason = '' THEN
    RAISE EXCEPTION 'a transfer between lines of a budget needs its reason' USING ERRCODE = 'ID011';
  END IF;
  NEW.recorded_by := session_user;
  NEW.recorded_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER follow_version BEFORE INSERT ON ledger.budget_version
  FOR EACH ROW EXECUTE FUNCTION ledger.follow_version();
ALTER TABLE ledger.budget_version ENABLE ALWAYS TRIGGER follow_version;

-- Lines come with their version, in one transaction; afterwards it is complete.
CREATE FUNCTION ledger.complete_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger.budget_version v WHERE (v.fund, v.year, v.version) =
               (NEW.fund, NEW.year, NEW.version) AND v.recorded_at <> now()) THEN
    RAISE EXCEPTION 'version % of the budget of % for % is complete; record a new version', NEW.version,
      NEW.fund, NEW.year USING ERRCODE = 'ID011';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER complete_version BEFORE INSERT ON ledger.budget_line
  FOR EACH ROW EXECUTE FUNCTION ledger.complete_version();
ALTER TABLE ledger.budget_line ENABLE ALWAYS TRIGGER complete_version;

CREATE FUNCTION ledger.balance_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  before bigint := (SELECT sum(cents) FROM ledger.budget_line l WHERE (l.fund, l.year, l.version) =
                      (NEW.fund, NEW.year, NEW.version - 1));
  afterwards bigint := (SELECT sum(cents) FROM ledger.budget_line l WHERE (l.fund, l.year, l.version) =
                          (NEW.fund, NEW.year, NEW.version));
BEGIN
  IF before IS DISTINCT FROM afterwards THEN
    RAISE EXCEPTION 'a transfer leaves the total of a budget as it was: % cents before, % afterwards',
      coalesce(before, 0), coalesce(afterwards, 0) USING ERRCODE = 'ID011';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balance_transfer AFTER INSERT ON ledger.budget_version
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'transfer')
  EXECUTE FUNCTION ledger.balance_transfer();
ALTER TABLE ledger.budget_version ENABLE ALWAYS TRIGGER balance_transfer;

-- The funder's promise behind a fund, and when it wants to hear of it.
CREATE TABLE ledger.grant_award (
  name      ledger.short_name PRIMARY KEY,
  fund      ledger.short_name NOT NULL REFERENCES ledger.fund,
  funder    ledger.one_line NOT NULL CHECK (funder <> ''),
  number    ledger.one_line NOT NULL CHECK (number <> ''),   -- the funder's own
  starts_on date NOT NULL,
  ends_on   date NOT NULL,
  CHECK (starts_on < ends_on AND starts_on >= '1990-01-01' AND ends_on < '2200-01-01')
);
CALL ledger.make_correctable('ledger.grant_award', '{ends_on}');
CREATE TABLE ledger.grant_deadline (
  award    ledger.short_name NOT NULL REFERENCES ledger.grant_award,
  due_on   date NOT NULL,
  report   ledger.short_name NOT NULL,                       -- "form-300"
  label_fr ledger.one_line NOT NULL,
  label_en ledger.one_line NOT NULL,
  state    text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'met', 'withdrawn')),
  PRIMARY KEY (award, due_on, report)
);
CALL ledger.make_correctable('ledger.grant_deadline', '{state}');

-- Revenu Québec wants a supplier's numbers on each invoice; written without spaces.
CREATE TABLE ledger.vendor_tax_number (
  vendor ledger.short_name NOT NULL REFERENCES ledger.vendor,
  tax    ledger.short_name NOT NULL,
  since  date NOT NULL DEFAULT '2000-01-01',
  number text NOT NULL CHECK (number ~ CASE tax::text WHEN 'TPS' THEN '^[0-9]{9}RT[0-9]{4}$'
                                                WHEN 'TVQ' THEN '^[0-9]{10}TQ[0-9]{4}$'
                                                ELSE '^[A-Z0-9]{4,30}$' END),
  PRIMARY KEY (vendor, tax, since)
);
CALL ledger.make_append_only('ledger.vendor_tax_number');

-- Pièces justificatives, by what they hold. The bytes lie apart: they prove themselves.
CREATE TABLE ledger.document (
  sha256     bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
  name       ledger.one_line NOT NULL CHECK (name <> ''),
  media_type text NOT NULL CHECK (media_type ~ '^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}$'),
  bytes      bigint NOT NULL CHECK (bytes BETWEEN 0 AND 33554432)
);
CREATE TABLE ledger.document_content (
  sha256  bytea PRIMARY KEY REFERENCES ledger.document,
  content bytea NOT NULL
);
CALL ledger.make_append_only('ledger.document');
CALL ledger.make_append_only('ledger.document_content');

CREATE FUNCTION ledger.hold_document() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF sha256(NEW.content) <> NEW.sha256 OR NOT EXISTS
     (SELECT FROM ledger.document d WHERE d.sha256 = NEW.sha256 AND d.bytes = octet_length(NEW.content)) THEN
    RAISE EXCEPTION 'the contents of the document % are not those that its fingerprint and size name',
      encode(NEW.sha256, 'hex') USING ERRCODE = 'ID010';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER hold_document BEFORE INSERT ON ledger.document_content
  FOR EACH ROW EXECUTE FUNCTION ledger.hold_document();
ALTER TABLE ledger.document_content ENABLE ALWAYS TRIGGER hold_document;

CREATE FUNCTION ledger.require_content() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger.document_content c WHERE c.sha256 = NEW.sha256) THEN
    RAISE EXCEPTION 'the document % comes without its contents', encode(NEW.sha256, 'hex')
      USING ERRCODE = 'ID010';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER require_content AFTER INSERT ON ledger.document
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.require_content();
ALTER TABLE ledger.document ENABLE ALWAYS TRIGGER require_content;

-- Devis. What is offered promises nothing yet; to accept it makes an engagement.
CREATE TABLE ledger.quote (
  vendor      ledger.short_name NOT NULL REFERENCES ledger.vendor,
  number      ledger.one_line NOT NULL CHECK (number <> ''),
  quoted_on   date NOT NULL,
  valid_until date CHECK (valid_until >= quoted_on),
  service     ledger.short_name NOT NULL REFERENCES ledger.service,
  activity    ledger.short_name NOT NULL REFERENCES ledger.activity,
  minutes     integer CHECK (minutes BETWEEN 1 AND 1000000),
  cents       bigint CHECK (cents BETWEEN 1 AND 100000000000),   -- before tax
  description ledger.one_line NOT NULL CHECK (description <> ''),
  document    bytea REFERENCES ledger.document,
  PRIMARY KEY (vendor, number),
  CHECK (minutes IS NOT NULL OR cents IS NOT NULL)
);
CALL ledger.make_append_only('ledger.quote');

-- Money that is promised: an accepted quote, a purchase order (bon de commande), a contract. What was
-- used of it is counted from the entries and costs that name it (0006).
CREATE TABLE ledger.engagement (
  name         ledger.short_name PRIMARY KEY,
  kind         text NOT NULL CHECK (kind IN ('quote', 'purchase_order', 'contract')),
  fund         ledger.short_name NOT NULL REFERENCES ledger.fund,
  vendor       ledger.short_name NOT NULL REFERENCES ledger.vendor,
  service      ledger.short_name NOT NULL REFERENCES ledger.service,
  activity     ledger.short_name REFERENCES ledger.activity,     -- absent: goods
  category     ledger.short_name NOT NULL DEFAULT 'services' REFERENCES ledger.budget_category,
  minutes      integer CHECK (minutes BETWEEN 1 AND 1000000),
  cents        bigint NOT NULL CHECK (cents BETWEEN 1 AND 100000000000),   -- before tax
  quote_number ledger.one_line,
  accepted_by  ledger.one_line NOT NULL CHECK (accepted_by <> ''),
  accepted_on  date NOT NULL,
  posted_on    date NOT NULL,                                    -- from which month on it counts
  expected_by  date,                                             -- when the work should be done
  description  ledger.one_line NOT NULL CHECK (description <> ''),
  document     bytea REFERENCES ledger.document,
  FOREIGN KEY (vendor, quote_number) REFERENCES ledger.quote,
  UNIQUE (vendor, quote_number),
  CHECK ((kind = 'quote') = (quote_number IS NOT NULL))
);
CALL ledger.make_append_only('ledger.engagement');

-- What a quote says is not said again.
CREATE FUNCTION ledger.as_quoted(e ledger.engagement) RETURNS ledger.engagement LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  q ledger.quote;
BEGIN
  SELECT * INTO q FROM ledger.quote WHERE vendor = e.vendor AND number = e.quote_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no quote % of %', e.quote_number, e.vendor USING ERRCODE = 'ID008';
  END IF;
  IF EXISTS (SELECT FROM ledger.engagement WHERE vendor = e.vendor AND quote_number = e.quote_number) THEN
    RAISE EXCEPTION 'the quote % of % has already been accepted', e.quote_number, e.vendor
      USING ERRCODE = 'ID008';
  END IF;
  IF e.accepted_on > q.valid_until THEN
    RAISE EXCEPTION 'the quote % of % was valid until %; ask for a new one', e.quote_number, e.vendor,
      to_char(q.valid_until, 'YYYY-MM-DD') USING ERRCODE = 'ID008';
  END IF;
  IF e.accepted_on < q.quoted_on THEN
    RAISE EXCEPTION 'the quote % of % is of %, after it would have been accepted', e.quote_number,
      e.vendor, to_char(q.quoted_on, 'YYYY-MM-DD') USING ERRCODE = 'ID006';
  END IF;
  e.service := q.service;
  e.activity := q.activity;
  e.minutes := q.minutes;
  e.cents := q.cents;
  e.description := coalesce(e.description, q.description);
  e.document := coalesce(e.document, q.document);
  RETURN e;
END $$;

CREATE FUNCTION ledger.post_engagement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  hourly bigint;
BEGIN
  PERFORM ledger.lock_postings();
  IF NEW.accepted_on > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(NEW.accepted_on, 'YYYY-MM-DD') USING ERRCODE = 'ID006';
  END IF;
  IF NEW.quote_number IS NOT NULL THEN NEW := ledger.as_quoted(NEW); END IF;
  IF NEW.cents IS NULL THEN
    SELECT r.cents_per_hour INTO hourly FROM ledger.rate r
      WHERE r.vendor = NEW.vendor AND r.valid @> NEW.accepted_on
        AND (r.activity = NEW.activity OR r.activity IS NULL)
      ORDER BY r.activity IS NULL LIMIT 1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'no rate of % on % to price the hours by; say the amount', NEW.vendor,
        to_char(NEW.accepted_on, 'YYYY-MM-DD') USING ERRCODE = 'ID004';
    END IF;
    NEW.cents := ledger.price(NEW.minutes, hourly);
  END IF;
  NEW.posted_on := greatest(NEW.accepted_on, ledger.first_open_day());
  RETURN NEW;
END $$;
CREATE TRIGGER post_engagement BEFORE INSERT ON ledger.engagement
  FOR EACH ROW EXECUTE FUNCTION ledger.post_engagement();
ALTER TABLE ledger.engagement ENABLE ALWAYS TRIGGER post_engagement;
