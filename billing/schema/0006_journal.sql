-- SPDX-License-Identifier: AGPL-3.0-or-later
-- One chain over everything. The journal holds what was recorded of each fact other than an entry;
-- its rows and the entries are links of one chain, in the order of their places, so that one printed
-- head vouches for all. docs/ledger-format.md describes the bytes.

CREATE TABLE ledger.journal (
  number       bigint PRIMARY KEY,              -- 1, 2, 3 …
  place        bigint NOT NULL UNIQUE,          -- in the chain
  subject      ledger.short_name NOT NULL,      -- the table
  key          text NOT NULL,                   -- its primary key's values, a space between two
  action       text NOT NULL CHECK (action IN ('found', 'recorded', 'changed', 'removed')),
  names        text[] NOT NULL,                 -- of the columns that hold something
  contents     text[] NOT NULL CHECK (cardinality(contents) = cardinality(names)),
  recorded_by  text NOT NULL,
  recorded_at  timestamptz NOT NULL,
  hash_version smallint NOT NULL,
  hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32)
);
CREATE INDEX journal_by_fact ON ledger.journal (subject, key, number);
CALL ledger.make_append_only('ledger.journal');

-- Entries of version 1 came before there was a journal: their place is their number.
ALTER TABLE ledger.entry
  ADD COLUMN place bigint UNIQUE,
  ADD COLUMN engagement ledger.short_name REFERENCES ledger.engagement,
  ADD CHECK ((hash_version = 1) = (place IS NULL));
CREATE INDEX entry_by_engagement ON ledger.entry (engagement) WHERE engagement IS NOT NULL;

CREATE FUNCTION ledger.microseconds(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (extract(epoch FROM at) * 1000000)::bigint::text;

-- Each field as its length in bytes (four bytes, big-endian) and its UTF-8 bytes. A loop, because a
-- query for each of a million entries would take twice as long.
CREATE FUNCTION ledger.hash_fields(fields text[]) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
  bytes bytea := '';
  field text;
  encoded bytea;
BEGIN
  FOREACH field IN ARRAY fields LOOP
    encoded := convert_to(coalesce(field, ''), 'UTF8');
    bytes := bytes || int4send(octet_length(encoded)) || encoded;
  END LOOP;
  RETURN bytes;
END $$;

CREATE OR REPLACE FUNCTION ledger.entry_hash(previous bytea, e ledger.entry) RETURNS bytea
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  fields text[] := ARRAY[
    e.number::text, e.entry_id::text, e.minutes::text, to_char(e.worked_on, 'YYYY-MM-DD'),
    to_char(e.posted_on, 'YYYY-MM-DD'), e.fund, e.vendor, e.activity, e.service, e.person,
    e.description, e.rate_id::text, e.cents_per_hour::text,
    ledger.price(e.minutes, e.cents_per_hour)::text, e.reverses::text, e.recorded_by,
    ledger.microseconds(e.recorded_at)];
BEGIN
  IF e.hash_version = 1 THEN
    fields := ARRAY['intendance ledger entry 1', encode(previous, 'hex')] || fields;
  ELSIF e.hash_version = 2 THEN
    fields := ARRAY['intendance ledger entry 2', encode(previous, 'hex'), e.place::text] || fields
              || e.engagement::text;
  ELSE
    RETURN NULL;
  END IF;
  RETURN sha256(ledger.hash_fields(fields));
END $$;

CREATE FUNCTION ledger.fact_hash(previous bytea, j ledger.journal) RETURNS bytea
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  fields text[] := ARRAY['intendance ledger fact 1', encode(previous, 'hex'), j.place::text, j.number::text,
    j.subject, j.key, j.action, j.recorded_by, ledger.microseconds(j.recorded_at),
    cardinality(j.names)::text];
BEGIN
  IF j.hash_version <> 1 THEN RETURN NULL; END IF;
  FOR i IN 1 .. cardinality(j.names) LOOP
    fields := fields || ARRAY[j.names[i], j.contents[i]];
  END LOOP;
  RETURN sha256(ledger.hash_fields(fields));
END $$;

-- How many entries and facts there are, and the last link of their chain.
DROP FUNCTION ledger.head();
CREATE FUNCTION ledger.head(OUT number bigint, OUT facts bigint, OUT place bigint, OUT hash bytea)
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  e record;
  j record;
BEGIN
  SELECT x.number, coalesce(x.place, x.number) AS place, x.hash INTO e
    FROM ledger.entry x ORDER BY x.number DESC LIMIT 1;
  SELECT x.number, x.place, x.hash INTO j FROM ledger.journal x ORDER BY x.number DESC LIMIT 1;
  number := coalesce(e.number, 0);
  facts := coalesce(j.number, 0);
  place := greatest(e.place, j.place, 0);
  hash := CASE place WHEN j.place THEN j.hash WHEN e.place THEN e.hash ELSE ledger.genesis() END;
END $$;

-- A fact as the journal keeps it: the columns that hold something, by name. A column that a later
-- migration adds without a value changes nothing.
CREATE FUNCTION ledger.rendered(fact jsonb, OUT names text[], OUT contents text[])
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(key ORDER BY key COLLATE "C"), '{}'),
         coalesce(array_agg(value ORDER BY key COLLATE "C"), '{}')
  FROM jsonb_each_text(fact) WHERE value IS NOT NULL
$$;

CREATE FUNCTION ledger.add_to_journal(fact_subject text, key_columns text[], what text, fact jsonb) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  last record;
  j ledger.journal;
BEGIN
  SELECT * INTO last FROM ledger.head();
  j.number := last.facts + 1;
  j.place := last.place + 1;
  j.subject := fact_subject;
  j.key := (SELECT string_agg(fact ->> c, ' ' ORDER BY i) FROM unnest(key_columns) WITH ORDINALITY u(c, i));
  j.action := what;
  SELECT names, contents INTO j.names, j.contents FROM ledger.rendered(fact);
  j.recorded_by := session_user;
  j.recorded_at := clock_timestamp();
  j.hash_version := 1;
  j.hash := ledger.fact_hash(last.hash, j);
  INSERT INTO ledger.journal SELECT (j).*;
END $$;

-- The settings decide how times, ranges and bytes look as text.
CREATE FUNCTION ledger.journal_fact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp
  SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
BEGIN
  IF TG_TABLE_SCHEMA <> 'ledger' THEN
    RAISE EXCEPTION 'only tables of the ledger are in its journal' USING ERRCODE = '42501';
  END IF;
  IF TG_OP = 'DELETE' THEN
    PERFORM ledger.add_to_journal(TG_TABLE_NAME, TG_ARGV, 'removed', to_jsonb(OLD));
  ELSE
    PERFORM ledger.add_to_journal(TG_TABLE_NAME, TG_ARGV,
      CASE TG_OP WHEN 'INSERT' THEN 'recorded' ELSE 'changed' END, to_jsonb(NEW));
  END IF;
  RETURN NULL;
END $$;

-- Whoever writes waits here, before any row is locked, so that two never wait for each other.
CREATE FUNCTION ledger.wait_for_turn() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  PERFORM ledger.lock_postings();
  RETURN NULL;
END $$;

CREATE FUNCTION ledger.key_columns(target regclass) RETURNS text[] LANGUAGE sql STABLE
  SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT array_agg(a.attname::text ORDER BY k.i)
  FROM pg_index x, unnest(x.indkey::smallint[]) WITH ORDINALITY k(n, i), pg_attribute a
  WHERE x.indrelid = target AND x.indisprimary AND a.attrelid = target AND a.attnum = k.n
$$;

-- From now on the journal holds what becomes of the table's rows, and what there is already.
CREATE PROCEDURE ledger.make_journaled(target regclass) LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp
  SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE
  keys text[] := ledger.key_columns(target);
  subject text := (SELECT relname FROM pg_class WHERE oid = target);
  fact jsonb;
BEGIN
  PERFORM ledger.lock_postings();
  FOR fact IN EXECUTE format('SELECT to_jsonb(t) FROM %s t ORDER BY %s', target,
      (SELECT string_agg(format('%I', c), ', ') FROM unnest(keys) c)) LOOP
    PERFORM ledger.add_to_journal(subject, keys, 'found', fact);
  END LOOP;
  EXECUTE format('CREATE TRIGGER a_turn BEFORE INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION ledger.wait_for_turn()', target);
  EXECUTE format('CREATE TRIGGER journal AFTER INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION ledger.journal_fact(%s)', target,
                 (SELECT string_agg(quote_literal(c), ', ') FROM unnest(keys) c));
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER a_turn', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER journal', target);
END $$;

-- The rows of a journaled table as the journal would keep them.
CREATE FUNCTION ledger.current_facts(subject text) RETURNS TABLE (key text, names text[], contents text[])
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp
  SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE
  target regclass := format('ledger.%I', subject);
BEGIN
  RETURN QUERY EXECUTE format(
    'SELECT concat_ws('' '', %s), r.names, r.contents FROM %s t, ledger.rendered(to_jsonb(t)) r',
    (SELECT string_agg(format('to_jsonb(t) ->> %L', c), ', ') FROM unnest(ledger.key_columns(target)) c),
    target);
END $$;

CREATE OR REPLACE FUNCTION ledger.already_recorded(e ledger.entry) RETURNS boolean LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  there ledger.entry;
BEGIN
  SELECT * INTO there FROM ledger.entry WHERE entry_id = e.entry_id;
  IF NOT FOUND THEN RETURN false; END IF;
  IF there.reverses IS DISTINCT FROM e.reverses OR there.description <> e.description
     OR (e.reverses IS NULL AND
         (there.minutes, there.worked_on, there.fund, there.vendor, there.activity, there.service, there.person, there.engagement)
         IS DISTINCT FROM
         (e.minutes, e.worked_on, e.fund, e.vendor, e.activity, e.service, e.person, e.engagement)) THEN
    RAISE EXCEPTION 'the id % is already that of entry %, which says something else; use a new id',
      e.entry_id, to_char(there.number, 'FM0000') USING ERRCODE = 'ID005';
  END IF;
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION ledger.as_reversal(e ledger.entry) RETURNS ledger.entry LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  original ledger.entry;
BEGIN
  SELECT * INTO original FROM ledger.entry WHERE entry_id = e.reverses;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no entry % to reverse', e.reverses USING ERRCODE = 'ID002';
  END IF;
  IF original.reverses IS NOT NULL THEN
    RAISE EXCEPTION 'entry % is itself a reversal; record the work again instead',
      to_char(original.number, 'FM0000') USING ERRCODE = 'ID002';
  END IF;
  IF EXISTS (SELECT FROM ledger.entry WHERE reverses = e.reverses) THEN
    RAISE EXCEPTION 'entry % has already been reversed', to_char(original.number, 'FM0000')
      USING ERRCODE = 'ID002';
  END IF;
  e.minutes := -original.minutes;
  e.worked_on := original.worked_on;
  e.posted_on := greatest(coalesce(e.posted_on, original.posted_on), original.posted_on);
  e.fund := original.fund;
  e.vendor := original.vendor;
  e.activity := original.activity;
  e.service := original.service;
  e.person := original.person;
  e.engagement := original.engagement;
  e.rate_id := original.rate_id;
  e.cents_per_hour := original.cents_per_hour;
  RETURN e;
END $$;

CREATE OR REPLACE FUNCTION ledger.post_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  last record;
  open_from date;
BEGIN
  PERFORM ledger.lock_postings();
  IF ledger.already_recorded(NEW) THEN RETURN NULL; END IF;
  IF NEW.reverses IS NOT NULL THEN
    NEW := ledger.as_reversal(NEW);
  ELSE
    NEW := ledger.with_rate(NEW);
    IF NEW.engagement IS NOT NULL THEN
      PERFORM ledger.check_engagement(NEW.engagement, NEW.fund, NEW.vendor);
    END IF;
  END IF;
  -- One day of grace: it is tomorrow somewhere.
  IF greatest(NEW.worked_on, NEW.posted_on) > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(greatest(NEW.worked_on, NEW.posted_on), 'YYYY-MM-DD')
      USING ERRCODE = 'ID006';
  END IF;
  -- Work counts in the month in which it was done while that is open, and then in the first open one.
  open_from := ledger.first_open_day();
  IF NEW.reverses IS NOT NULL OR NEW.posted_on IS NULL THEN
    NEW.posted_on := greatest(coalesce(NEW.posted_on, NEW.worked_on), open_from);
  ELSIF NEW.posted_on < open_from THEN
    RAISE EXCEPTION 'the month % is closed; leave posted_on out and late work is posted in the first open month',
      to_char(NEW.posted_on, 'YYYY-MM') USING ERRCODE = 'ID003';
  END IF;
  SELECT * INTO last FROM ledger.head();
  NEW.number := last.number + 1;
  NEW.place := last.place + 1;
  NEW.recorded_by := session_user;
  NEW.recorded_at := clock_timestamp();
  NEW.hash_version := 2;
  NEW.hash := ledger.entry_hash(last.hash, NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER a_turn BEFORE INSERT ON ledger.entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.wait_for_turn();
ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER a_turn;

-- The walk over a million links is the program's (billing/ledger/chain).
DROP FUNCTION ledger.chain_faults();

-- What of an engagement is not needed is given back.
CREATE TABLE ledger.engagement_void (
  void_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  engagement ledger.short_name NOT NULL REFERENCES ledger.engagement,
  cents      bigint NOT NULL CHECK (cents > 0),
  voided_on  date NOT NULL DEFAULT current_date,
  posted_on  date NOT NULL,
  reason     ledger.one_line NOT NULL CHECK (reason <> '')
);
CREATE INDEX void_by_engagement ON ledger.engagement_void (engagement);
CALL ledger.make_append_only('ledger.engagement_void');

-- Engagements as they stood at a day's end. Work and costs beyond what was engaged are recorded all
-- the same; they then stand in `over`, and what is posted and voided never exceeds what was engaged.
CREATE FUNCTION ledger.engagements(as_of date)
  RETURNS TABLE (name text, used_minutes bigint, used_cents bigint, posted_cents bigint,
                 voided_cents bigint, left_cents bigint, over_cents bigint, state text)
  LANGUAGE sql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT e.name, u.minutes, u.cents, p.posted, v.cents, e.cents - v.cents - p.posted, u.cents - p.posted,
         CASE WHEN p.posted + v.cents < e.cents THEN CASE WHEN p.posted = 0 THEN 'pending' ELSE 'posted in part' END
              WHEN v.cents > 0 THEN 'voided' ELSE 'posted' END
  FROM ledger.engagement e
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.cents), 0)::bigint AS cents FROM ledger.engagement_void x
    WHERE x.engagement = e.name AND x.posted_on <= as_of) v
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(used.minutes), 0)::bigint AS minutes, coalesce(sum(used.cents), 0)::bigint AS cents FROM (
      SELECT n.minutes, n.cents FROM ledger.entry n WHERE n.engagement = e.name AND n.posted_on <= as_of
      UNION ALL
      SELECT 0, c.cents FROM ledger.cost_charges('-infinity', as_of) c WHERE c.engagement = e.name) used) u
  CROSS JOIN LATERAL (SELECT greatest(least(u.cents, e.cents - v.cents), 0) AS posted) p
  WHERE e.posted_on <= as_of
$$;

-- Without an amount, all that is left.
CREATE FUNCTION ledger.void_engagement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  remains bigint;
BEGIN
  PERFORM ledger.lock_postings();
  IF NEW.voided_on > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(NEW.voided_on, 'YYYY-MM-DD') USING ERRCODE = 'ID006';
  END IF;
  NEW.posted_on := greatest(NEW.voided_on, ledger.first_open_day());
  SELECT left_cents INTO remains FROM ledger.engagements(greatest(current_date + 1, NEW.posted_on))
    WHERE name = NEW.engagement;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no engagement %', NEW.engagement USING ERRCODE = 'ID008';
  END IF;
  IF NEW.cents IS NULL THEN NEW.cents := remains; END IF;
  IF remains = 0 OR NEW.cents > remains THEN
    RAISE EXCEPTION 'of the engagement % only % cents are left to void', NEW.engagement, remains
      USING ERRCODE = 'ID008';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER void_engagement BEFORE INSERT ON ledger.engagement_void
  FOR EACH ROW EXECUTE FUNCTION ledger.void_engagement();
ALTER TABLE ledger.engagement_void ENABLE ALWAYS TRIGGER void_engagement;

-- Adds: an engagement that was used up and voided takes nothing more.
CREATE OR REPLACE FUNCTION ledger.check_engagement(wanted text, fund text, vendor text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  e ledger.engagement;
BEGIN
  SELECT * INTO e FROM ledger.engagement WHERE name = wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no engagement %; intendance engagement list shows those there are', wanted
      USING ERRCODE = 'ID008';
  END IF;
  IF e.fund <> fund OR e.vendor IS DISTINCT FROM vendor THEN
    RAISE EXCEPTION 'the engagement % is of the fund % with %, not of % with %', wanted, e.fund, e.vendor,
      fund, coalesce(vendor, 'nobody') USING ERRCODE = 'ID008';
  END IF;
  IF EXISTS (SELECT FROM ledger.engagement_void v WHERE v.engagement = wanted) AND
     (SELECT s.left_cents FROM ledger.engagements(greatest(current_date + 1, e.posted_on)) s WHERE s.name = wanted) = 0 THEN
    RAISE EXCEPTION 'what was left of the engagement % was voided; record the work without it', wanted
      USING ERRCODE = 'ID008';
  END IF;
END $$;

DO $$
DECLARE
  subject text;
BEGIN
  FOREACH subject IN ARRAY ARRAY['fiscal_calendar', 'fund', 'vendor', 'activity', 'service', 'rate', 'tax_rule',
      'rebate', 'budget_basis', 'budget_category', 'budget_version', 'budget_line', 'period_close',
      'grant_award', 'grant_deadline', 'vendor_tax_number', 'document', 'quote', 'engagement', 'cost',
      'cost_end', 'engagement_void'] LOOP
    CALL ledger.make_journaled(('ledger.' || subject)::regclass);
  END LOOP;
END $$;
