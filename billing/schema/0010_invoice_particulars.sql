-- SPDX-License-Identifier: AGPL-3.0-or-later
-- What an invoice prints beside its amounts, so that what it lacks can be named. Absent: it does not say.
ALTER TABLE ledger.invoice
  ADD COLUMN buyer ledger.one_line CHECK (buyer <> ''),
  ADD COLUMN terms ledger.one_line CHECK (terms <> ''),
  ADD COLUMN tps_number text CHECK (tps_number ~ '^[0-9]{9}RT[0-9]{4}$'),
  ADD COLUMN tvq_number text CHECK (tvq_number ~ '^[0-9]{10}TQ[0-9]{4}$');

-- The rights of before, and those on what was added.
ALTER FUNCTION ledger.grant_rights() RENAME TO grant_rights_until_0009;
CREATE FUNCTION ledger.grant_rights() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger.grant_rights_until_0009();
  IF to_regrole('intendance_finances') IS NOT NULL THEN
    GRANT INSERT (buyer, terms, tps_number, tvq_number) ON ledger.invoice TO intendance_finances;
  END IF;
END $$;
