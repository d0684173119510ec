// SPDX-License-Identifier: AGPL-3.0-or-later
// What does not agree between an invoice and the ledger, and what explains it, in words.
#pragma once

#include "billing/ledger/reconciliation.hpp"
#include "billing/report/voice.hpp"

#include <string>

namespace intendance::billing {

// "ligne 2 : durée : facturé 1 h 30, inscrit 1 h"
std::string mismatch_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                           const Voice& voice);

// How taxes were computed: "line by line".
std::string method_words(TaxMethod method, const Voice& voice);

// A name of missing_particulars(): "the buyer".
std::string particular_words(const std::string& name, const Voice& voice);

} // namespace intendance::billing
