-- SPDX-License-Identifier: AGPL-3.0-or-later
-- Invoices and what became of them. An invoice consumes no budget by itself: entries and costs do,
-- and its lines are matched to them; only lines of the kind "adjustment" (a quarter's hours rounded
-- up, a rebate of the vendor) consume, for nothing else stands for them.

CREATE TABLE ledger.invoice (
  invoice_id       uuid PRIMARY KEY,                             -- made by the client
  vendor           ledger.short_name NOT NULL REFERENCES ledger.vendor,
  number           ledger.one_line NOT NULL CHECK (number <> ''),   -- unique per vendor, voided ones apart
  dated            date NOT NULL,
  period_from      date NOT NULL,
  period_to        date NOT NULL,
  due_on           date,
  posted_on        date NOT NULL,                                -- where its adjustments count
  before_tax_cents bigint NOT NULL,
  tps_cents        bigint NOT NULL,
  tvq_cents        bigint NOT NULL,
  total_cents      bigint NOT NULL CHECK (abs(total_cents) <= 100000000000),
  description      ledger.one_line NOT NULL DEFAULT '',
  document         bytea REFERENCES ledger.document,
  recorded_by      text NOT NULL,
  recorded_at      timestamptz NOT NULL,
  CHECK (period_from <= period_to AND period_to - period_from <= 1100)
);
CREATE INDEX invoice_by_number ON ledger.invoice (vendor, number);
CREATE INDEX invoice_by_posting ON ledger.invoice (posted_on);

CREATE TABLE ledger.invoice_line (
  invoice_id  uuid NOT NULL REFERENCES ledger.invoice,
  line        integer NOT NULL CHECK (line BETWEEN 1 AND 100000),
  kind        text NOT NULL CHECK (kind IN ('hours', 'cost', 'adjustment')),
  fund        ledger.short_name NOT NULL REFERENCES ledger.fund,
  service     ledger.short_name REFERENCES ledger.service,
  activity    ledger.short_name REFERENCES ledger.activity,
  worked_on   date,                                              -- where the line names a day
  minutes     integer CHECK (minutes <> 0),
  cents       bigint NOT NULL CHECK (abs(cents) <= 100000000000),   -- before tax
  description ledger.one_line NOT NULL DEFAULT '',
  PRIMARY KEY (invoice_id, line),
  CHECK ((kind = 'hours') = (minutes IS NOT NULL)),
  CHECK (kind <> 'adjustment' OR description <> '')
);

-- Recorded by mistake: it counts no more, its matches are undone, its number is free again.
CREATE TABLE ledger.invoice_void (
  invoice_id uuid PRIMARY KEY REFERENCES ledger.invoice,
  reason     ledger.one_line NOT NULL CHECK (reason <> '')
);

-- Which entry, or which of a cost's charges, a line bills.
CREATE TABLE ledger.match (
  match_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  invoice_id uuid NOT NULL,
  line       integer NOT NULL,
  entry_id   uuid REFERENCES ledger.entry (entry_id),
  cost_id    uuid REFERENCES ledger.cost,
  cost_due   date,
  FOREIGN KEY (invoice_id, line) REFERENCES ledger.invoice_line,
  CHECK (num_nonnulls(entry_id, cost_id) = 1 AND (cost_id IS NULL) = (cost_due IS NULL))
);
CREATE INDEX match_by_line ON ledger.match (invoice_id, line);
CREATE INDEX match_by_entry ON ledger.match (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX match_by_cost ON ledger.match (cost_id, cost_due) WHERE cost_id IS NOT NULL;
CREATE TABLE ledger.match_undo (
  match_id bigint PRIMARY KEY REFERENCES ledger.match,
  reason   ledger.one_line NOT NULL CHECK (reason <> '')
);

CREATE TABLE ledger.payment (
  payment_id uuid PRIMARY KEY,                                   -- made by the client
  invoice_id uuid NOT NULL REFERENCES ledger.invoice,
  paid_on    date NOT NULL,
  cents      bigint NOT NULL CHECK (cents <> 0),
  reference  ledger.one_line NOT NULL DEFAULT '',                -- of the transfer or cheque
  document   bytea REFERENCES ledger.document,
  reverses   uuid UNIQUE REFERENCES ledger.payment
);
CREATE INDEX payment_by_invoice ON ledger.payment (invoice_id);

CALL ledger.make_append_only('ledger.invoice');
CALL ledger.make_append_only('ledger.invoice_line');
CALL ledger.make_append_only('ledger.invoice_void');
CALL ledger.make_append_only('ledger.match');
CALL ledger.make_append_only('ledger.match_undo');
CALL ledger.make_append_only('ledger.payment');

-- Those that hold: neither undone nor on a voided invoice.
CREATE VIEW ledger.active_match AS
  SELECT m.* FROM ledger.match m
  WHERE NOT EXISTS (SELECT FROM ledger.match_undo u WHERE u.match_id = m.match_id)
    AND NOT EXISTS (SELECT FROM ledger.invoice_void v WHERE v.invoice_id = m.invoice_id);

CREATE FUNCTION ledger.post_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  PERFORM ledger.lock_postings();
  IF EXISTS (SELECT FROM ledger.invoice i WHERE i.vendor = NEW.vendor AND i.number = NEW.number
             AND NOT EXISTS (SELECT FROM ledger.invoice_void v WHERE v.invoice_id = i.invoice_id)) THEN
    RAISE EXCEPTION 'the invoice % of % has already been recorded; void that one first if it was a mistake',
      NEW.number, NEW.vendor USING ERRCODE = 'ID009';
  END IF;
  IF NEW.dated > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(NEW.dated, 'YYYY-MM-DD') USING ERRCODE = 'ID006';
  END IF;
  IF NEW.total_cents <> NEW.before_tax_cents + NEW.tps_cents + NEW.tvq_cents THEN
    RAISE EXCEPTION 'the invoice % of % does not add up: % cents before tax, % of TPS and % of TVQ are not % cents',
      NEW.number, NEW.vendor, NEW.before_tax_cents, NEW.tps_cents, NEW.tvq_cents, NEW.total_cents
      USING ERRCODE = 'ID009';
  END IF;
  NEW.posted_on := greatest(NEW.period_to, ledger.first_open_day());
  NEW.recorded_by := session_user;
  NEW.recorded_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER post_invoice BEFORE INSERT ON ledger.invoice
  FOR EACH ROW EXECUTE FUNCTION ledger.post_invoice();
ALTER TABLE ledger.invoice ENABLE ALWAYS TRIGGER post_invoice;

-- Lines come with their invoice, in one transaction; afterwards it is complete.
CREATE FUNCTION ledger.complete_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger.invoice i WHERE i.invoice_id = NEW.invoice_id AND i.recorded_at <> now()) THEN
    RAISE EXCEPTION 'the invoice is complete; void it and record it again with this line'
      USING ERRCODE = 'ID009';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER complete_invoice BEFORE INSERT ON ledger.invoice_line
  FOR EACH ROW EXECUTE FUNCTION ledger.complete_invoice();
ALTER TABLE ledger.invoice_line ENABLE ALWAYS TRIGGER complete_invoice;

CREATE FUNCTION ledger.balance_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  lines bigint := (SELECT coalesce(sum(cents), 0) FROM ledger.invoice_line WHERE invoice_id = NEW.invoice_id);
BEGIN
  IF lines <> NEW.before_tax_cents THEN
    RAISE EXCEPTION 'the lines of the invoice % of % come to % cents, its amount before tax is %',
      NEW.number, NEW.vendor, lines, NEW.before_tax_cents USING ERRCODE = 'ID009';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balance_invoice AFTER INSERT ON ledger.invoice
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.balance_invoice();
ALTER TABLE ledger.invoice ENABLE ALWAYS TRIGGER balance_invoice;

CREATE FUNCTION ledger.void_invoice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
BEGIN
  PERFORM ledger.lock_postings();
  IF (SELECT sum(cents) FROM ledger.payment WHERE invoice_id = NEW.invoice_id) <> 0 THEN
    RAISE EXCEPTION 'an invoice that was paid cannot be voided; reverse its payment first'
      USING ERRCODE = 'ID009';
  END IF;
  IF EXISTS (SELECT FROM ledger.invoice i JOIN ledger.invoice_line l USING (invoice_id)
             WHERE i.invoice_id = NEW.invoice_id AND l.kind = 'adjustment'
               AND i.posted_on < ledger.first_open_day()) THEN
    RAISE EXCEPTION 'an invoice whose adjustment counts in a closed month cannot be voided; record the vendor''s credit note'
      USING ERRCODE = 'ID003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER void_invoice BEFORE INSERT ON ledger.invoice_void
  FOR EACH ROW EXECUTE FUNCTION ledger.void_invoice();
ALTER TABLE ledger.invoice_void ENABLE ALWAYS TRIGGER void_invoice;

-- An entry stands on one line at most. One that was reversed before it was billed is on none: the two
-- cancel out; the reversal of one that was billed is matched too, to the vendor's credit.
CREATE FUNCTION ledger.match_entry(m ledger.match, vendor text, l ledger.invoice_line) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  e ledger.entry;
BEGIN
  SELECT * INTO e FROM ledger.entry WHERE entry_id = m.entry_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no entry %', m.entry_id USING ERRCODE = 'ID009';
  END IF;
  IF l.kind <> 'hours' OR e.vendor <> vendor OR e.fund <> l.fund THEN
    RAISE EXCEPTION 'entry % is of % with %; line % of the invoice is of % with %, for %',
      to_char(e.number, 'FM0000'), e.fund, e.vendor, l.line, l.fund, vendor, l.kind USING ERRCODE = 'ID009';
  END IF;
  IF EXISTS (SELECT FROM ledger.active_match a WHERE a.entry_id = m.entry_id) THEN
    RAISE EXCEPTION 'entry % is already matched to a line of an invoice', to_char(e.number, 'FM0000')
      USING ERRCODE = 'ID009';
  END IF;
  IF e.reverses IS NULL AND EXISTS (SELECT FROM ledger.entry r WHERE r.reverses = e.entry_id) THEN
    RAISE EXCEPTION 'entry % was reversed and is billed by nobody', to_char(e.number, 'FM0000')
      USING ERRCODE = 'ID009';
  END IF;
  IF e.reverses IS NOT NULL AND NOT EXISTS
     (SELECT FROM ledger.active_match a WHERE a.entry_id = e.reverses) THEN
    RAISE EXCEPTION 'entry % takes back one that no invoice bills; neither is matched',
      to_char(e.number, 'FM0000') USING ERRCODE = 'ID009';
  END IF;
END $$;

CREATE FUNCTION ledger.match_cost(m ledger.match, vendor text, l ledger.invoice_line) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  charge record;
BEGIN
  SELECT * INTO charge FROM ledger.cost_charges('-infinity',
      greatest(m.cost_due, (SELECT posted_from FROM ledger.cost WHERE cost_id = m.cost_id))) c
    WHERE c.cost_id = m.cost_id AND c.due_on = m.cost_due;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing of the cost % was due on %', m.cost_id, to_char(m.cost_due, 'YYYY-MM-DD')
      USING ERRCODE = 'ID009';
  END IF;
  IF l.kind <> 'cost' OR charge.vendor IS DISTINCT FROM vendor OR charge.fund IS DISTINCT FROM l.fund THEN
    RAISE EXCEPTION 'the cost % is of % with %; line % of the invoice is of % with %, for %', m.cost_id,
      coalesce(charge.fund, 'no fund'), coalesce(charge.vendor, 'nobody'), l.line, l.fund, vendor, l.kind
      USING ERRCODE = 'ID009';
  END IF;
  IF EXISTS (SELECT FROM ledger.active_match a WHERE a.cost_id = m.cost_id AND a.cost_due = m.cost_due) THEN
    RAISE EXCEPTION 'what was due on % of the cost % is already matched to a line of an invoice',
      to_char(m.cost_due, 'YYYY-MM-DD'), m.cost_id USING ERRCODE = 'ID009';
  END IF;
END $$;

CREATE FUNCTION ledger.post_match() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  l ledger.invoice_line;
  biller text;
BEGIN
  PERFORM ledger.lock_postings();
  SELECT * INTO l FROM ledger.invoice_line WHERE invoice_id = NEW.invoice_id AND line = NEW.line;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the invoice has no line %', NEW.line USING ERRCODE = 'ID009';
  END IF;
  IF EXISTS (SELECT FROM ledger.invoice_void v WHERE v.invoice_id = NEW.invoice_id) THEN
    RAISE EXCEPTION 'the invoice was voided' USING ERRCODE = 'ID009';
  END IF;
  SELECT vendor INTO biller FROM ledger.invoice WHERE invoice_id = NEW.invoice_id;
  IF NEW.entry_id IS NOT NULL THEN
    PERFORM ledger.match_entry(NEW, biller, l);
  ELSE
    PERFORM ledger.match_cost(NEW, biller, l);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER post_match BEFORE INSERT ON ledger.match
  FOR EACH ROW EXECUTE FUNCTION ledger.post_match();
ALTER TABLE ledger.match ENABLE ALWAYS TRIGGER post_match;

CREATE FUNCTION ledger.post_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, ledger, pg_temp AS $$
DECLARE
  bill ledger.invoice;
  original ledger.payment;
  paid bigint;
BEGIN
  PERFORM ledger.lock_postings();
  IF NEW.reverses IS NOT NULL THEN
    SELECT * INTO original FROM ledger.payment WHERE payment_id = NEW.reverses;
    IF NOT FOUND OR original.reverses IS NOT NULL OR EXISTS
       (SELECT FROM ledger.payment WHERE reverses = NEW.reverses) THEN
      RAISE EXCEPTION 'there is no payment % that could be reversed', NEW.reverses USING ERRCODE = 'ID002';
    END IF;
    NEW.invoice_id := original.invoice_id;
    NEW.cents := -original.cents;
  END IF;
  SELECT * INTO bill FROM ledger.invoice WHERE invoice_id = NEW.invoice_id;
  IF NOT FOUND OR EXISTS (SELECT FROM ledger.invoice_void v WHERE v.invoice_id = NEW.invoice_id) THEN
    RAISE EXCEPTION 'there is no such invoice to pay, or it was voided' USING ERRCODE = 'ID009';
  END IF;
  IF NEW.paid_on > current_date + 1 THEN
    RAISE EXCEPTION '% is in the future', to_char(NEW.paid_on, 'YYYY-MM-DD') USING ERRCODE = 'ID006';
  END IF;
  SELECT coalesce(sum(cents), 0) + NEW.cents INTO paid FROM ledger.payment WHERE invoice_id = NEW.invoice_id;
  IF NEW.reverses IS NULL AND (sign(NEW.cents) <> sign(bill.total_cents) OR abs(paid) > abs(bill.total_cents)) THEN
    RAISE EXCEPTION 'the invoice % of % is over % cents; with this, % would be paid', bill.number, bill.vendor,
      bill.total_cents, paid USING ERRCODE = 'ID009';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER post_payment BEFORE INSERT ON ledger.payment
  FOR EACH ROW EXECUTE FUNCTION ledger.post_payment();
ALTER TABLE ledger.payment ENABLE ALWAYS TRIGGER post_payment;

CALL ledger.make_journaled('ledger.invoice');
CALL ledger.make_journaled('ledger.invoice_line');
CALL ledger.make_journaled('ledger.invoice_void');
CALL ledger.make_journaled('ledger.match');
CALL ledger.make_journaled('ledger.match_undo');
CALL ledger.make_journaled('ledger.payment');
