-- SPDX-License-Identifier: AGPL-3.0-or-later
-- The ledger itself: one row for each piece of work, numbered without a gap, priced by the rate of
-- its day, chained by SHA-256. docs/ledger-format.md describes the bytes.

-- Whole cents, half a cent up in magnitude, so that a reversal is exactly the opposite.
CREATE FUNCTION ledger.price(minutes integer, cents_per_hour bigint) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN sign(minutes)::bigint * ((abs(minutes)::bigint * cents_per_hour + 30) / 60);

CREATE TABLE ledger.entry (
  number         bigint PRIMARY KEY,                       -- 1, 2, 3 …; printed as 0001
  entry_id       uuid NOT NULL UNIQUE,                     -- made by the client
  minutes        integer NOT NULL CHECK (minutes <> 0 AND abs(minutes) <= 1440),
  worked_on      date NOT NULL,
  posted_on      date NOT NULL CHECK (posted_on >= worked_on),
  fund           ledger.short_name NOT NULL REFERENCES ledger.fund,
  vendor         ledger.short_name NOT NULL REFERENCES ledger.vendor,
  activity       ledger.short_name NOT NULL REFERENCES ledger.activity,
  service        ledger.short_name NOT NULL REFERENCES ledger.service,
  person         ledger.one_line NOT NULL CHECK (person <> ''),
  description    ledger.one_line NOT NULL CHECK (description <> ''),
  rate_id        bigint NOT NULL REFERENCES ledger.rate,
  cents_per_hour bigint NOT NULL,
  cents          bigint NOT NULL GENERATED ALWAYS AS (ledger.price(minutes, cents_per_hour)) STORED,
  reverses       uuid UNIQUE REFERENCES ledger.entry (entry_id),
  recorded_by    text NOT NULL,
  recorded_at    timestamptz NOT NULL,
  hash_version   smallint NOT NULL,
  hash           bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  CHECK ((minutes < 0) = (reverses IS NOT NULL))
);
CREATE INDEX entry_by_posting ON ledger.entry (fund, posted_on);
CREATE INDEX entry_by_work ON ledger.entry (worked_on);
CREATE INDEX entry_by_rate ON ledger.entry (rate_id, worked_on);
CALL ledger.make_append_only('ledger.entry');

-- Postings and month closes take the same lock and so follow one another.
CREATE FUNCTION ledger.lock_postings() RETURNS void LANGUAGE sql
  AS $$ SELECT pg_advisory_xact_lock(hashtextextended('intendance ledger postings', 0)) $$;

-- A field is its length in bytes (four bytes, big-endian) and then its UTF-8 bytes.
CREATE FUNCTION ledger.hash_field(value text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN int4send(octet_length(convert_to(coalesce(value, ''), 'UTF8')))
         || convert_to(coalesce(value, ''), 'UTF8');

CREATE FUNCTION ledger.entry_hash(previous bytea, e ledger.entry) RETURNS bytea
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF e.hash_version <> 1 THEN RETURN NULL; END IF;
  RETURN sha256(
    ledger.hash_field('intendance ledger entry 1')
    || ledger.hash_field(encode(previous, 'hex'))
    || ledger.hash_field(e.number::text)
    || ledger.hash_field(e.entry_id::text)
    || ledger.hash_field(e.minutes::text)
    || ledger.hash_field(to_char(e.worked_on, 'YYYY-MM-DD'))
    || ledger.hash_field(to_char(e.posted_on, 'YYYY-MM-DD'))
    || ledger.hash_field(e.fund)
    || ledger.hash_field(e.vendor)
    || ledger.hash_field(e.activity)
    || ledger.hash_field(e.service)
    || ledger.hash_field(e.person)
    || ledger.hash_field(e.description)
    || ledger.hash_field(e.rate_id::text)
    || ledger.hash_field(e.cents_per_hour::text)
    || ledger.hash_field(ledger.price(e.minutes, e.cents_per_hour)::text)
    || ledger.hash_field(e.reverses::text)
    || ledger.hash_field(e.recorded_by)
    || ledger.hash_field((extract(epoch FROM e.recorded_at) * 1000000)::bigint::text));
END $$;

-- What comes before the first entry.
CREATE FUNCTION ledger.genesis() RETURNS bytea LANGUAGE sql IMMUTABLE
  RETURN sha256(convert_to('intendance ledger', 'UTF8'));

CREATE FUNCTION ledger.head(OUT number bigint, OUT hash bytea) LANGUAGE sql STABLE
  SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT coalesce(max(e.number), 0), coalesce((array_agg(e.hash))[1], ledger.genesis())
  FROM (SELECT number, hash FROM ledger.entry ORDER BY number DESC LIMIT 1) e
$$;

-- Fills the dimensions of a reversal from the entry that it takes back.
CREATE FUNCTION ledger.as_reversal(e ledger.entry) RETURNS ledger.entry LANGUAGE plpgsql
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
  e.rate_id := original.rate_id;
  e.cents_per_hour := original.cents_per_hour;
  RETURN e;
END $$;

CREATE FUNCTION ledger.with_rate(e ledger.entry) RETURNS ledger.entry LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF e.minutes <= 0 THEN
    RAISE EXCEPTION 'minutes must be more than zero; a mistake is corrected by a reversal'
      USING ERRCODE = 'ID006';
  END IF;
  SELECT r.id, r.cents_per_hour INTO e.rate_id, e.cents_per_hour FROM ledger.rate r
    WHERE r.vendor = e.vendor AND r.valid @> e.worked_on
      AND (r.activity = e.activity OR r.activity IS NULL)
    ORDER BY r.activity IS NULL LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no rate of % for % on %; record it with: intendance rate set --vendor % --amount DOLLARS --from %',
      e.vendor, e.activity, to_char(e.worked_on, 'YYYY-MM-DD'), e.vendor,
      to_char(e.worked_on, 'YYYY-MM-DD') USING ERRCODE = 'ID004';
  END IF;
  RETURN e;
END $$;

-- True when the entry is already there as it was asked for: a retry. Raises when the id stands for
-- other work.
CREATE FUNCTION ledger.already_recorded(e ledger.entry) RETURNS boolean LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  there ledger.entry;
BEGIN
  SELECT * INTO there FROM ledger.entry WHERE entry_id = e.entry_id;
  IF NOT FOUND THEN RETURN false; END IF;
  IF there.reverses IS DISTINCT FROM e.reverses OR there.description <> e.description
     OR (e.reverses IS NULL AND
         (there.minutes, there.worked_on, there.fund, there.vendor, there.activity, there.service, there.person)
         IS DISTINCT FROM
         (e.minutes, e.worked_on, e.fund, e.vendor, e.activity, e.service, e.person)) THEN
    RAISE EXCEPTION 'the id % is already that of entry %, which says something else; use a new id',
      e.entry_id, to_char(there.number, 'FM0000') USING ERRCODE = 'ID005';
  END IF;
  RETURN true;
END $$;

-- The definer's rights, so that it works alike for every role; session_user stays who logged in.
CREATE FUNCTION ledger.post_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  last record;
BEGIN
  PERFORM ledger.lock_postings();
  IF ledger.already_recorded(NEW) THEN RETURN NULL; END IF;
  IF NEW.reverses IS NOT NULL THEN
    NEW := ledger.as_reversal(NEW);
  ELSE
    NEW := ledger.with_rate(NEW);
  END IF;
  -- One day of grace: it is tomorrow somewhere.
  IF greatest(NEW.worked_on, NEW.posted_on) > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(greatest(NEW.worked_on, NEW.posted_on), 'YYYY-MM-DD')
      USING ERRCODE = 'ID006';
  END IF;
  -- Work counts in the month in which it was done while that is open, and then in the first open one.
  IF NEW.reverses IS NOT NULL OR NEW.posted_on IS NULL THEN
    NEW.posted_on := greatest(coalesce(NEW.posted_on, NEW.worked_on), ledger.first_open_day());
  ELSIF NEW.posted_on < ledger.first_open_day() THEN
    RAISE EXCEPTION 'the month % is closed; leave posted_on out and late work is posted in the first open month',
      to_char(NEW.posted_on, 'YYYY-MM') USING ERRCODE = 'ID003';
  END IF;
  SELECT * INTO last FROM ledger.head();
  NEW.number := last.number + 1;
  NEW.recorded_by := session_user;
  NEW.recorded_at := clock_timestamp();
  NEW.hash_version := 1;
  NEW.hash := ledger.entry_hash(last.hash, NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER post_entry BEFORE INSERT ON ledger.entry
  FOR EACH ROW EXECUTE FUNCTION ledger.post_entry();
ALTER TABLE ledger.entry ENABLE ALWAYS TRIGGER post_entry;

CREATE FUNCTION ledger.close_period() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  PERFORM ledger.lock_postings();
  IF NEW.month < ledger.first_open_day() THEN
    RAISE EXCEPTION 'the month % is already closed', to_char(NEW.month, 'YYYY-MM')
      USING ERRCODE = 'ID003';
  END IF;
  IF NEW.month + interval '1 month' > current_date + 1 THEN
    RAISE EXCEPTION 'the month % is not over', to_char(NEW.month, 'YYYY-MM')
      USING ERRCODE = 'ID006';
  END IF;
  SELECT number, hash INTO NEW.head_number, NEW.head_hash FROM ledger.head();
  NEW.closed_by := session_user;
  NEW.closed_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER close_period BEFORE INSERT ON ledger.period_close
  FOR EACH ROW EXECUTE FUNCTION ledger.close_period();
ALTER TABLE ledger.period_close ENABLE ALWAYS TRIGGER close_period;

-- A rate that ends must not leave work behind that was priced by it, unless that was taken back.
CREATE FUNCTION ledger.keep_priced_work() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  stranded record;
BEGIN
  PERFORM ledger.lock_postings();
  SELECT e.number, e.worked_on INTO stranded FROM ledger.entry e
    WHERE e.rate_id = NEW.id AND NOT NEW.valid @> e.worked_on AND e.reverses IS NULL
      AND NOT EXISTS (SELECT FROM ledger.entry r WHERE r.reverses = e.entry_id)
    ORDER BY e.worked_on DESC, e.number LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the rate cannot end on %: entry % of % was priced by it; end it later, or reverse that entry first and record it again afterwards',
      to_char(upper(NEW.valid), 'YYYY-MM-DD'), to_char(stranded.number, 'FM0000'),
      to_char(stranded.worked_on, 'YYYY-MM-DD') USING ERRCODE = 'ID001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_priced_work BEFORE UPDATE ON ledger.rate
  FOR EACH ROW EXECUTE FUNCTION ledger.keep_priced_work();
ALTER TABLE ledger.rate ENABLE ALWAYS TRIGGER keep_priced_work;

-- Walks the chain and names each entry that is not what was recorded. A removed tail leaves a whole
-- chain: compare the head with the one printed in the last report.
CREATE FUNCTION ledger.chain_faults() RETURNS TABLE (number bigint, fault text)
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  previous bytea := ledger.genesis();
  expected bigint := 1;
  e ledger.entry;
BEGIN
  FOR e IN SELECT * FROM ledger.entry ORDER BY entry.number LOOP
    IF e.number <> expected THEN
      number := expected;
      fault := format('entries %s to %s are missing', expected, e.number - 1);
      RETURN NEXT;
    END IF;
    IF ledger.entry_hash(previous, e) IS DISTINCT FROM e.hash
       OR e.cents IS DISTINCT FROM ledger.price(e.minutes, e.cents_per_hour) THEN
      number := e.number;
      fault := 'the entry, or the one before it, is not what was recorded';
      RETURN NEXT;
    END IF;
    previous := e.hash;
    expected := e.number + 1;
  END LOOP;
END $$;
