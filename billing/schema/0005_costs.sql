-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Costs beside hours: domains and licences that recur, what is bought once, and what is given in kind,
-- which is kept in mind but consumes no budget. Each belongs to a service.

CREATE TABLE ledger.cost (
  cost_id       uuid PRIMARY KEY,                            -- made by the client
  kind          text NOT NULL CHECK (kind IN ('recurring', 'one_off', 'in_kind')),
  service       ledger.short_name NOT NULL REFERENCES ledger.service,
  fund          ledger.short_name REFERENCES ledger.fund,    -- absent: in kind
  vendor        ledger.short_name REFERENCES ledger.vendor,
  category      ledger.short_name NOT NULL REFERENCES ledger.budget_category,
  engagement    ledger.short_name REFERENCES ledger.engagement,
  description   ledger.one_line NOT NULL CHECK (description <> ''),
  cents         bigint NOT NULL CHECK (cents <> 0 AND abs(cents) <= 100000000000),  -- before tax, each time
  taxation      text NOT NULL CHECK (taxation IN ('taxable', 'untaxed')),
  first_on      date NOT NULL CHECK (first_on BETWEEN '2000-01-01' AND '2199-12-31'),
  period_months smallint CHECK (period_months BETWEEN 1 AND 120),   -- absent: once
  last_on       date CHECK (last_on >= first_on),
  expires_on    date,                                        -- when a domain or a licence lapses
  posted_from   date NOT NULL,                               -- what was due earlier counts on this day
  valuation     ledger.one_line NOT NULL DEFAULT '',         -- in kind: who says that it is worth so much
  document      bytea REFERENCES ledger.document,
  reverses      uuid REFERENCES ledger.cost,
  reverses_due  date,
  UNIQUE (reverses, reverses_due),
  CHECK ((kind = 'in_kind') = (fund IS NULL)),
  CHECK (kind <> 'in_kind' OR (valuation <> '' AND engagement IS NULL)),
  CHECK (reverses IS NOT NULL OR kind <> 'recurring' OR period_months IS NOT NULL),
  CHECK (kind <> 'one_off' OR period_months IS NULL),
  CHECK (last_on IS NULL OR period_months IS NOT NULL),
  CHECK ((reverses IS NULL) = (reverses_due IS NULL)),
  CHECK ((cents < 0) = (reverses IS NOT NULL))
);
CREATE INDEX cost_by_service ON ledger.cost (service);
CREATE INDEX cost_by_engagement ON ledger.cost (engagement) WHERE engagement IS NOT NULL;
CALL ledger.make_append_only('ledger.cost');

-- Nothing is due behind this day any more. What closed months counted stays.
CREATE TABLE ledger.cost_end (
  cost_id uuid PRIMARY KEY REFERENCES ledger.cost,
  ends_on date NOT NULL,
  reason  ledger.one_line NOT NULL CHECK (reason <> '')
);
CALL ledger.make_append_only('ledger.cost_end');

-- Each time that a cost falls due. Every one is counted from the first, so that what is due on the
-- 31st is due on the last day of shorter months.
CREATE FUNCTION ledger.cost_charges(from_day date, to_day date)
  RETURNS TABLE (cost_id uuid, due_on date, posted_on date, kind text, service text, fund text,
                 vendor text, category text, engagement text, description text, cents bigint,
                 taxation text, reverses uuid)
  LANGUAGE sql STABLE SET search_path = pg_catalog, ledger, pg_temp AS $$
  SELECT c.cost_id, d.due, greatest(d.due, c.posted_from), c.kind, c.service, c.fund, c.vendor,
         c.category, c.engagement, c.description, c.cents, c.taxation, c.reverses
  FROM ledger.cost c
  LEFT JOIN ledger.cost_end e ON e.cost_id = c.cost_id
  CROSS JOIN LATERAL (
    SELECT (c.first_on + make_interval(months => n * coalesce(c.period_months, 0)))::date AS due
    FROM generate_series(0, CASE WHEN c.period_months IS NULL THEN 0
      ELSE ((extract(year FROM to_day) - extract(year FROM c.first_on)) * 12
            + extract(month FROM to_day) - extract(month FROM c.first_on))::integer / c.period_months
      END) n) d
  WHERE d.due <= least(to_day, c.last_on, e.ends_on)
    AND greatest(d.due, c.posted_from) BETWEEN from_day AND to_day
$$;

CREATE FUNCTION ledger.as_cost_reversal(c ledger.cost) RETURNS ledger.cost LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  original ledger.cost;
  charge record;
BEGIN
  SELECT * INTO original FROM ledger.cost WHERE cost_id = c.reverses;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no cost % to reverse', c.reverses USING ERRCODE = 'ID002';
  END IF;
  IF original.reverses IS NOT NULL THEN
    RAISE EXCEPTION 'the cost % is itself a reversal; record the cost again instead', c.reverses
      USING ERRCODE = 'ID002';
  END IF;
  IF c.reverses_due IS NULL AND original.period_months IS NULL THEN
    c.reverses_due := original.first_on;
  END IF;
  SELECT * INTO charge FROM ledger.cost_charges('-infinity', greatest(c.reverses_due, original.posted_from))
    WHERE cost_id = c.reverses AND due_on = c.reverses_due;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing of the cost % was due on %', c.reverses,
      coalesce(to_char(c.reverses_due, 'YYYY-MM-DD'), 'an unnamed day') USING ERRCODE = 'ID002';
  END IF;
  IF EXISTS (SELECT FROM ledger.cost WHERE reverses = c.reverses AND reverses_due = c.reverses_due) THEN
    RAISE EXCEPTION 'what was due on % of the cost % has already been reversed',
      to_char(c.reverses_due, 'YYYY-MM-DD'), c.reverses USING ERRCODE = 'ID002';
  END IF;
  c.kind := original.kind;
  c.service := original.service;
  c.fund := original.fund;
  c.vendor := original.vendor;
  c.category := original.category;
  c.engagement := original.engagement;
  c.taxation := original.taxation;
  c.valuation := original.valuation;
  c.cents := -original.cents;
  c.first_on := c.reverses_due;
  c.period_months := NULL;
  c.last_on := NULL;
  c.expires_on := NULL;
  c.posted_from := greatest(charge.posted_on, ledger.first_open_day());
  RETURN c;
END $$;

-- True for a retry; raises when the id stands for another cost.
CREATE FUNCTION ledger.cost_already_recorded(c ledger.cost) RETURNS boolean LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  there ledger.cost;
BEGIN
  SELECT * INTO there FROM ledger.cost WHERE cost_id = c.cost_id;
  IF NOT FOUND THEN RETURN false; END IF;
  IF there.reverses IS DISTINCT FROM c.reverses OR there.description <> c.description
     OR (c.reverses IS NULL AND to_jsonb(there) - 'posted_from' <> to_jsonb(c) - 'posted_from') THEN
    RAISE EXCEPTION 'the id % is already that of another cost; use a new id', c.cost_id
      USING ERRCODE = 'ID005';
  END IF;
  RETURN true;
END $$;

-- What an entry or a cost may name as the engagement that it uses.
CREATE FUNCTION ledger.check_engagement(wanted text, fund text, vendor text) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  e ledger.engagement;
BEGIN
  SELECT * INTO e FROM ledger.engagement WHERE name = wanted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no engagement %', wanted USING ERRCODE = 'ID008';
  END IF;
  IF e.fund <> fund OR e.vendor IS DISTINCT FROM vendor THEN
    RAISE EXCEPTION 'the engagement % is of the fund % with %, not of % with %', wanted, e.fund, e.vendor,
      fund, coalesce(vendor, 'nobody') USING ERRCODE = 'ID008';
  END IF;
END $$;

CREATE FUNCTION ledger.post_cost() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  PERFORM ledger.lock_postings();
  IF ledger.cost_already_recorded(NEW) THEN RETURN NULL; END IF;
  IF NEW.reverses IS NOT NULL THEN RETURN ledger.as_cost_reversal(NEW); END IF;
  IF NEW.cents <= 0 THEN
    RAISE EXCEPTION 'a cost must be more than zero; a mistake is corrected by a reversal'
      USING ERRCODE = 'ID006';
  END IF;
  IF NEW.engagement IS NOT NULL THEN
    PERFORM ledger.check_engagement(NEW.engagement, NEW.fund, NEW.vendor);
  END IF;
  NEW.posted_from := greatest(NEW.first_on, ledger.first_open_day());
  RETURN NEW;
END $$;
CREATE TRIGGER post_cost BEFORE INSERT ON ledger.cost
  FOR EACH ROW EXECUTE FUNCTION ledger.post_cost();
ALTER TABLE ledger.cost ENABLE ALWAYS TRIGGER post_cost;

CREATE FUNCTION ledger.end_cost() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  c ledger.cost;
  counted date;
BEGIN
  PERFORM ledger.lock_postings();
  SELECT * INTO c FROM ledger.cost WHERE cost_id = NEW.cost_id;
  IF FOUND AND c.period_months IS NULL THEN
    RAISE EXCEPTION 'the cost % does not recur; reverse it if it was a mistake', NEW.cost_id
      USING ERRCODE = 'ID006';
  END IF;
  IF EXISTS (SELECT FROM ledger.cost_end WHERE cost_id = NEW.cost_id) THEN
    RAISE EXCEPTION 'the cost % has already been ended', NEW.cost_id USING ERRCODE = 'ID005';
  END IF;
  SELECT max(due_on) INTO counted
    FROM ledger.cost_charges('-infinity', greatest(ledger.first_open_day(), '2000-01-01') - 1)
    WHERE cost_id = NEW.cost_id;
  IF counted > NEW.ends_on THEN
    RAISE EXCEPTION 'the cost % cannot end on %: what was due on % counts in a month that is closed; reverse that, and end the cost from then on',
      NEW.cost_id, to_char(NEW.ends_on, 'YYYY-MM-DD'), to_char(counted, 'YYYY-MM-DD')
      USING ERRCODE = 'ID003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER end_cost BEFORE INSERT ON ledger.cost_end
  FOR EACH ROW EXECUTE FUNCTION ledger.end_cost();
ALTER TABLE ledger.cost_end ENABLE ALWAYS TRIGGER end_cost;
