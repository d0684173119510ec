// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/protection.hpp"
#include "core/calendar.hpp"
#include "storage/object_versions.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

// "age1…" or "age1…=NAME"; without a name it gets one of its number.
TrustedKey recipient_of(const std::string& text, std::size_t number) {
  const auto sign = text.find('=');
  try {
    const auto recipient = AgeRecipient::parse(text.substr(0, sign));
    TrustedKey key{sign == std::string::npos ? fmt::format("reader-{}", number)
                                             : text.substr(sign + 1),
                   recipient};
    check_key_name(key.name);
    return key;
  } catch (const core::CorruptData& error) {
    throw ConfigError("--recipient " + text + " " + error.what());
  }
}

FirstPeople people_of(const CommandContext& context) {
  FirstPeople people;
  if (context.has("no-reader-key")) people.reader_key = FirstPeople::ReaderKey::none;
  for (const auto& text : context.texts("recipient"))
    people.readers.push_back(recipient_of(text, people.readers.size() + 1));
  if (!context.has("writer")) return people;
  try {
    people.writer = WriterPublic::parse(context.text("writer"));
  } catch (const core::CorruptData& error) {
    throw ConfigError(std::string("--writer ") + error.what());
  }
  return people;
}

void print_init(const CommandContext& context, const RepositoryConfig& chosen,
                const std::string& machine, const FirstPeople& people) {
  fmt::print(context.out(),
             "repository   {}\nmachine      {}\nkeys         {}\n\n"
             "  owner.key         keep offline, in a safe: it decides whom to trust\n",
             chosen.url, machine, chosen.keys.string());
  const bool own_reader = people.reader_key == FirstPeople::ReaderKey::in_folder;
  if (own_reader) {
    fmt::print(context.out(), "  reader.key        whoever restores; print it with intendance key "
                              "recovery-sheet\n");
  }
  fmt::print(context.out(), "  maintenance.key   the hub\n");
  if (!people.writer) {
    fmt::print(context.out(), "  writer.key        the machine; intendance key export --writer "
                              "makes its bundle\n");
  }
  for (const auto& reader : people.readers)
    fmt::print(context.out(), "reader       {}  {}\n", reader.name, reader.recipient.text());
  if (people.readers.size() + (own_reader ? 1 : 0) < 2) {
    fmt::print(context.err(),
               "warning: only one key can read this repository: if it is lost, every backup in it "
               "is lost; two or more are wanted, the lab's and the co-op's: intendance key "
               "add-reader age1… --name NAME\n");
  }
}

void make_bucket_if_asked(const CommandContext& context, storage::ObjectStore& store) {
  if (!context.has("make-bucket")) {
    if (context.has("lock")) throw ConfigError("--lock is of --make-bucket, which is missing");
    return;
  }
  auto* versions = store.versions();
  if (versions == nullptr) throw ConfigError("--make-bucket: " + store.address() + " is no bucket");
  const auto span = span_option(context, "lock");
  if (!span) return versions->make_place(std::nullopt);
  const auto lock = std::chrono::floor<std::chrono::days>(*span);
  if (lock.count() < 1) throw ConfigError("--lock takes whole days: 30d, 90d");
  versions->make_place(lock);
}

void print_protection(std::ostream& out, const Protection& protection) {
  if (protection.is_locked)
    fmt::print(out, "protection   what is written is locked{}, and nobody can remove it before\n",
               protection.period.count() > 0
                   ? fmt::format(" for {} days", protection.period.count())
                   : "");
  else
    fmt::print(out, "protection   NOT PROTECTED AGAINST DELETION: {}\n", protection.reason);
}

// Puts a small object into the store and removes it.
std::optional<storage::PlaceTraits> try_out(storage::ObjectStore& store) {
  auto* versions = store.versions();
  if (versions == nullptr) return std::nullopt;
  return versions->try_out("probe/" + core::to_hex(core::random_bytes(16)));
}

void print_traits(const CommandContext& context, storage::ObjectStore& store,
                  const storage::PlaceTraits& traits) {
  fmt::print(context.out(), "store        {}; these credentials {} delete\n",
             traits.refuses_names_in_use ? "refuses a name in use itself"
                                         : "knows no conditional writes, and needs none here",
             traits.removes ? "can" : "CANNOT");
  if (!traits.removes || !traits.has_policies) return;
  fmt::print(context.out(),
             "\nA machine need not be able to delete. Where its credentials are of another user "
             "than the\nbucket's owner, whom the hub's are of, this policy lets it write and read "
             "alone (for MACHINE\nput that user, with OpenStack the id of its project), set by "
             "the owner:\n\n{}\n",
             store.versions()->write_only_policy(
                 "MACHINE", {std::begin(removed_by_machines), std::end(removed_by_machines)}));
}

ExitStatus repository_init(CommandContext& context) {
  const auto chosen = chosen_repository(context);
  const auto machine =
      context.text("machine", context.has_config() ? context.config().machine_name() : "");
  if (machine.empty()) throw ConfigError("--machine NAME is missing: whose backups will these be?");
  const auto people = people_of(context);
  const auto store = open_store(chosen, context.stop());
  make_bucket_if_asked(context, *store);
  const KeyFolder keys(chosen.keys);
  const auto made =
      Repository::initialise(*store, keys, machine, core::system_clock().now(), people);
  if (made == Repository::Initialised::before)
    fmt::print(context.err(), "it was made before, with these keys; nothing was changed\n");
  print_init(context, chosen, machine, people);
  print_protection(context.out(), look_at_protection(*store, trust_object_name(1)));
  if (const auto traits = try_out(*store)) print_traits(context, *store, *traits);
  return ExitStatus::done;
}

template <class Key, class Describe>
Json list_of(const std::vector<Key>& keys, Describe&& describe) {
  auto list = Json::array();
  for (const auto& key : keys) list.push_back(describe(key));
  return list;
}

Json json_of(const TrustDocument& trust) {
  const auto key = [](const TrustedKey& each) {
    return Json{{"name", each.name}, {"recipient", each.recipient.text()}};
  };
  const auto revoked = [](const RevokedKey& each) {
    return Json{
        {"name", each.name}, {"recipient", each.recipient.text()}, {"last_epoch", each.last_epoch}};
  };
  return {{"repository", core::to_hex(trust.repository)},
          {"trust_version", trust.version},
          {"created", core::format_utc(trust.created)},
          {"grace_seconds", trust.grace.count()},
          {"deduplicate_from", trust.deduplicate_from},
          {"readers", list_of(trust.readers, key)},
          {"maintainers", list_of(trust.maintainers, key)},
          {"writers", list_of(trust.writers,
                              [](const TrustedWriter& each) {
                                const WriterPublic both{each.signs, each.recipient};
                                return Json{{"name", each.name},
                                            {"signs", core::to_hex(each.signs)},
                                            {"recipient", each.recipient.text()},
                                            {"public", both.text()}};
                              })},
          {"revoked_readers", list_of(trust.revoked_readers, revoked)},
          {"revoked_maintainers", list_of(trust.revoked_maintainers, revoked)},
          {"revoked_writers", list_of(trust.revoked_writers,
                                      [](const RevokedWriter& each) {
                                        return Json{{"name", each.name},
                                                    {"signs", core::to_hex(each.signs)},
                                                    {"snapshots", each.snapshots.size()}};
                                      })},
          {"epochs", list_of(trust.epochs, [](const Epoch& each) {
             return Json{{"number", each.number}, {"public", core::to_hex(each.public_key)}};
           })}};
}

void print_people(std::ostream& out, const TrustDocument& trust) {
  for (const auto& each : trust.writers) fmt::print(out, "writer       {}\n", each.name);
  for (const auto& each : trust.readers)
    fmt::print(out, "reader       {}  {}\n", each.name, each.recipient.text());
  for (const auto& each : trust.maintainers)
    fmt::print(out, "maintainer   {}  {}\n", each.name, each.recipient.text());
  for (const auto& each : trust.revoked_writers)
    fmt::print(out, "revoked      writer {}, whose {} snapshots until then count\n", each.name,
               each.snapshots.size());
  for (const auto& each : trust.revoked_readers)
    fmt::print(out, "revoked      reader {}, who still opens epochs to {}\n", each.name,
               each.last_epoch);
  for (const auto& each : trust.revoked_maintainers)
    fmt::print(out, "revoked      maintainer {}, who still sees the structure of epochs to {}\n",
               each.name, each.last_epoch);
}

ExitStatus repository_info(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader, Role::maintainer, Role::writer});
  const auto& trust = repository.trust();
  const auto owner = KeyFolder(chosen_repository(context).keys).owner_public();
  const auto protection = look_at_protection(repository.store(), trust_object_name(trust.version));
  const auto traits = context.has("try-out") ? try_out(repository.store()) : std::nullopt;
  if (context.json()) {
    auto json = json_of(trust);
    json["address"] = repository.store().address();
    json["owner"] = owner_public_text(owner);
    json["owner_fingerprint"] = fingerprint(owner);
    json["protection"] = {{"locked", protection.is_locked},
                          {"period_days", protection.period.count()},
                          {"reason", protection.reason}};
    if (traits) {
      json["store"] = {{"refuses_names_in_use", traits->refuses_names_in_use},
                       {"removes", traits->removes},
                       {"has_policies", traits->has_policies}};
    }
    json["findings"] = list_of(repository.findings(), [](const Finding& each) {
      return Json{{"object", each.object}, {"message", each.message}};
    });
    context.out() << dumped(json);
  } else {
    const auto since = trust.deduplicate_from == trust.epochs.front().number
                           ? std::string()
                           : fmt::format(", deduplicating since {}", trust.deduplicate_from);
    fmt::print(context.out(),
               "repository   {}\naddress      {}\ntrust        version {}, of {}\n"
               "owner        {}\nepoch        {}{}\ngrace        {} h\n",
               core::to_hex(trust.repository), repository.store().address(), trust.version,
               core::format_utc(trust.created), fingerprint(owner), trust.epochs.back().number,
               since, std::chrono::floor<std::chrono::hours>(trust.grace).count());
    print_people(context.out(), trust);
    print_protection(context.out(), protection);
    if (traits) print_traits(context, repository.store(), *traits);
  }
  return status_of(report(context, repository.findings()));
}

ExitStatus restore_trust(CommandContext& context) {
  const auto chosen = chosen_repository(context);
  const auto store = open_store(chosen, context.stop());
  const auto owner = KeyFolder(chosen.keys).owner_public();
  const auto name = put_back_trust(*store, owner, trust_memory(context));
  const auto found = find_trust(*store, owner, trust_memory(context));
  if (context.json())
    context.out() << dumped(Json{{"object", name}});
  else
    fmt::print(context.out(), "put back   {}\n", name);
  return status_of(report(context, found.findings));
}

} // namespace

void register_repository_commands(core::CommandLine& line) {
  auto init =
      make_command("repository init", "Make a repository and its keys", "--machine NAME",
                   "intendance repository init --repository file:///srv/backup/web-1 --keys ./keys "
                   "--machine web-1 --recipient age1…=lab --recipient age1…=co-op",
                   repository_init);
  init.options.add_options()("machine", options::value<std::string>()->value_name("NAME"),
                             "whose backups")(
      "recipient", options::value<std::vector<std::string>>()->value_name("age1…[=NAME]"),
      "who can read too: the public half of a key that he made with age-keygen or intendance key "
      "generate reader; may be repeated")(
      "no-reader-key", "make no reader.key: those of --recipient alone can read")(
      "writer", options::value<std::string>()->value_name("PUBLIC"),
      "public half of the key that the machine made with intendance key generate writer, so that "
      "none is made here")("make-bucket", "make the bucket too")(
      "lock", options::value<std::string>()->value_name("SPAN"),
      "of --make-bucket: what is written there cannot be removed before, whoever asks: 90d");
  line.add(std::move(init));
  auto info =
      make_command("repository info", "Show a repository's address and whom it trusts (any key)",
                   "", "intendance repository info --repository web-1", repository_info);
  info.options.add_options()("try-out", "write a small object into a bucket and remove it, to see "
                                        "what these credentials may do there");
  line.add(std::move(info));
  line.add(make_command("repository restore-trust",
                        "Put a trust object that the store lost back, from this machine's copy "
                        "(owner.pub)",
                        "", "intendance repository restore-trust --repository web-1",
                        restore_trust));
}

} // namespace intendance::backupd
