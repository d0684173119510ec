// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/reasons.hpp"

namespace intendance::collectors {

namespace {

struct Row {
  ProbeReason reason;
  std::string_view name;
  std::string_view english, french;               // what it means
  std::string_view english_advice, french_advice; // what to do
};

using enum ProbeReason;

// In the order of the enumeration.
constexpr std::array<Row, probe_reason_count> rows = {{
    {nxdomain, "nxdomain", "the name does not exist", "le nom n'existe pas",
     "look for a typing error in the address; otherwise the record, or the domain itself, is gone",
     "cherchez une faute de frappe dans l'adresse ; sinon l'enregistrement, ou le domaine entier, "
     "a disparu"},
    {no_address, "no_address", "the name exists and has no address",
     "le nom existe et n'a aucune adresse", "add an A or AAAA record in its zone",
     "ajoutez un enregistrement A ou AAAA dans sa zone"},
    {servfail, "servfail", "the name server could not find out",
     "le serveur de noms n'a pas pu répondre",
     "the zone's own servers are down or DNSSEC is broken: dig +trace NAME shows where",
     "les serveurs de la zone sont en panne ou DNSSEC est cassé : dig +trace NOM montre où"},
    {query_refused, "query_refused", "the name server refuses to answer",
     "le serveur de noms refuse de répondre",
     "allow this machine in its configuration, or name another one in /etc/resolv.conf",
     "autorisez cette machine dans sa configuration, ou nommez-en un autre dans /etc/resolv.conf"},
    {unresolved, "unresolved", "the name has no address that this machine can use",
     "le nom n'a aucune adresse utilisable par cette machine",
     "getent ahosts NAME shows what the machine finds; see /etc/hosts and /etc/nsswitch.conf",
     "getent ahosts NOM montre ce que la machine trouve ; voyez /etc/hosts et /etc/nsswitch.conf"},
    {refused, "refused", "nobody listens there", "personne n'écoute à cet endroit",
     "the program is stopped or listens elsewhere: systemctl --failed and ss -ltn on its machine",
     "le programme est arrêté ou écoute ailleurs : systemctl --failed et ss -ltn sur sa machine"},
    {reset, "reset", "the connection was broken off", "la connexion a été rompue",
     "the program crashed or a firewall cut in: see its log at this time",
     "le programme s'est écrasé ou un pare-feu a coupé : voyez son journal à cette heure"},
    {timeout, "timeout", "no answer in time", "pas de réponse à temps",
     "the machine is overloaded, the program hangs, or a firewall drops packets without a word",
     "la machine est surchargée, le programme est bloqué, ou un pare-feu jette les paquets sans "
     "rien dire"},
    {unreachable, "unreachable", "no way leads there", "aucun chemin n'y mène",
     "see the routes, the security groups and whether the machine runs: ip route get ADDRESS",
     "voyez les routes, les groupes de sécurité et si la machine tourne : ip route get ADRESSE"},
    {closed, "closed", "the connection was closed without an answer",
     "la connexion a été fermée sans réponse",
     "what answers there is not what is asked for, or it ends at once: see its log",
     "ce qui répond là n'est pas ce qui est demandé, ou s'arrête aussitôt : voyez son journal"},
    {expired, "expired", "the certificate has expired", "le certificat est expiré",
     "renew it; certbot renew --dry-run says why that did not happen by itself",
     "renouvelez-le ; certbot renew --dry-run dit pourquoi cela ne s'est pas fait tout seul"},
    {not_yet_valid, "not_yet_valid", "the certificate is not valid yet",
     "le certificat n'est pas encore valide",
     "see whether the clocks are right: timedatectl here and there",
     "voyez si les horloges sont justes : timedatectl ici et là-bas"},
    {wrong_name, "wrong_name", "the certificate is another name's",
     "le certificat est celui d'un autre nom",
     "the server lacks a virtual host for this name, or the certificate lacks the name",
     "il manque au serveur un hôte virtuel pour ce nom, ou ce nom au certificat"},
    {self_signed, "self_signed", "the certificate is signed by itself",
     "le certificat est signé par lui-même",
     "have an authority sign one; or name it in the service's authorities_file",
     "faites-en signer un par une autorité ; ou nommez-le dans authorities_file du service"},
    {missing_intermediate, "missing_intermediate",
     "the server does not send the intermediate certificate",
     "le serveur n'envoie pas le certificat intermédiaire",
     "make it send the whole chain: fullchain.pem in place of cert.pem",
     "faites-lui envoyer la chaîne entière : fullchain.pem au lieu de cert.pem"},
    {unknown_authority, "unknown_authority", "an unknown authority signed the certificate",
     "une autorité inconnue a signé le certificat",
     "install ca-certificates here; an authority of your own goes into authorities_file",
     "installez ca-certificates ici ; une autorité à vous se nomme dans authorities_file"},
    {bad_certificate, "bad_certificate", "the certificate is not accepted",
     "le certificat n'est pas accepté",
     "openssl s_client -connect HOST:PORT -servername HOST says what is wrong with it",
     "openssl s_client -connect HÔTE:PORT -servername HÔTE dit ce qui ne va pas"},
    {no_tls, "no_tls", "the server does not speak TLS there",
     "le serveur ne parle pas TLS à cet endroit",
     "see the port and its configuration; for mail, that STARTTLS is offered",
     "voyez le port et sa configuration ; pour le courriel, que STARTTLS soit offert"},
    {protocol, "protocol", "the answer breaks the rules of its protocol",
     "la réponse enfreint les règles de son protocole",
     "what answers there is not what is asked for, or it is broken: see the detail and its log",
     "ce qui répond là n'est pas ce qui est demandé, ou est brisé : voyez le détail et son "
     "journal"},
    {bad_address, "bad_address", "the address cannot be asked",
     "l'adresse ne peut pas être demandée", "mend url or host of the [[service]]",
     "corrigez url ou host du [[service]]"},
    {bad_status, "bad_status", "the server answers with an error",
     "le serveur répond par une erreur",
     "its log of errors has the cause: for 502 to 504 what stands behind the proxy is down",
     "son journal d'erreurs a la cause : pour 502 à 504, ce qui est derrière le mandataire est en "
     "panne"},
    {redirect, "redirect", "the server sends one elsewhere", "le serveur renvoie ailleurs",
     "to an installer: its database is gone; otherwise declare redirects in the profile",
     "vers un installateur : sa base de données a disparu ; sinon déclarez redirects dans le "
     "profil"},
    {redirect_loop, "redirect_loop", "the redirects do not end",
     "les redirections n'en finissent pas",
     "the proxy and the program disagree on https or on the name",
     "le mandataire et le programme ne s'accordent pas sur https ou sur le nom"},
    {slow_body, "slow_body", "the answer began and did not end in time",
     "la réponse a commencé et n'a pas fini à temps",
     "the program or its database is overloaded: see the load and what it waits for",
     "le programme ou sa base de données est surchargé : voyez la charge et ce qu'il attend"},
    {truncated, "truncated", "the answer was cut short", "la réponse a été coupée",
     "the program ended while it answered, or the disk of the proxy is full",
     "le programme s'est arrêté en répondant, ou le disque du mandataire est plein"},
    {too_large, "too_large", "the answer is too long to be looked at",
     "la réponse est trop longue pour être examinée",
     "ask a smaller page; only the first MiB is read",
     "demandez une page plus petite ; seul le premier Mio est lu"},
    {body_mismatch, "body_mismatch", "the answer does not hold what it should",
     "la réponse ne contient pas ce qu'elle devrait",
     "look at the page: the program may show an error in place of its contents",
     "regardez la page : le programme montre peut-être une erreur à la place de son contenu"},
    {not_json, "not_json", "the answer is not JSON", "la réponse n'est pas du JSON",
     "a proxy or a login page answers in the program's place: see the detail",
     "un mandataire ou une page de connexion répond à la place du programme : voyez le détail"},
    {json_mismatch, "json_mismatch", "the program says that it is not well",
     "le programme dit qu'il ne va pas bien",
     "the detail names the value; its database is the first to look at",
     "le détail nomme la valeur ; regardez d'abord sa base de données"},
    {missing_capability, "missing_capability", "the server does not offer what it should",
     "le serveur n'offre pas ce qu'il devrait",
     "see its configuration: some offers only come after TLS",
     "voyez sa configuration : certaines offres ne viennent qu'après TLS"},
    {record_mismatch, "record_mismatch", "the name has other records than it should",
     "le nom a d'autres enregistrements que prévu",
     "mend the zone, or the answer in the profile or the service",
     "corrigez la zone, ou answer dans le profil ou le service"},
    {not_authoritative, "not_authoritative", "a name server does not know its zone",
     "un serveur de noms ne connaît pas sa zone",
     "load the zone there: its log says why it was not; or take it out of the delegation",
     "chargez-y la zone : son journal dit pourquoi elle ne l'est pas ; ou retirez-le de la "
     "délégation"},
    {serial_mismatch, "serial_mismatch", "the name servers hold different versions of the zone",
     "les serveurs de noms ont des versions différentes de la zone",
     "the one with the lower serial does not follow: see transfers and NOTIFY between them",
     "celui au plus petit numéro ne suit pas : voyez les transferts et NOTIFY entre eux"},
    {delegation_mismatch, "delegation_mismatch", "the parent zone names other name servers",
     "la zone parente nomme d'autres serveurs de noms",
     "make the NS records of the zone and those at the registrar the same",
     "rendez identiques les enregistrements NS de la zone et ceux chez le registraire"},
    {not_registered, "not_registered", "the domain is not registered",
     "le domaine n'est pas enregistré", "renew it at the registrar before somebody else takes it",
     "renouvelez-le chez le registraire avant que quelqu'un d'autre ne le prenne"},
    {domain_expired, "domain_expired", "the domain's registration has expired",
     "l'enregistrement du domaine est expiré",
     "renew it at the registrar today: it is still yours for a few days",
     "renouvelez-le aujourd'hui chez le registraire : il est encore à vous pour quelques jours"},
    {no_expiry, "no_expiry", "the registry does not say when the domain expires",
     "le registre ne dit pas quand le domaine expire",
     "not every registry tells: take this check out and note the date elsewhere",
     "tous les registres ne le disent pas : retirez cette vérification et notez la date ailleurs"},
}};

constexpr bool is_in_order() {
  for (std::size_t each = 0; each < rows.size(); ++each)
    if (static_cast<std::size_t>(rows[each].reason) != each || rows[each].name.empty())
      return false;
  return true;
}
static_assert(is_in_order());

const Row& row_of(ProbeReason reason) { return rows.at(static_cast<std::size_t>(reason)); }

} // namespace

std::string_view name_of(ProbePhase phase) {
  switch (phase) {
  case ProbePhase::resolve: return "resolve";
  case ProbePhase::connect: return "connect";
  case ProbePhase::tls: return "tls";
  case ProbePhase::request: return "request";
  case ProbePhase::response: return "response";
  case ProbePhase::content: break;
  }
  return "content";
}

std::string_view name_of(ProbeReason reason) { return row_of(reason).name; }

std::optional<ProbeReason> probe_reason_of(std::string_view name) {
  for (const auto& row : rows)
    if (row.name == name) return row.reason;
  return std::nullopt;
}

std::string_view meaning_of(ProbeReason reason, core::Language language) {
  const auto& row = row_of(reason);
  return language == core::Language::french ? row.french : row.english;
}

std::string_view advice_for(ProbeReason reason, core::Language language) {
  const auto& row = row_of(reason);
  return language == core::Language::french ? row.french_advice : row.english_advice;
}

} // namespace intendance::collectors
