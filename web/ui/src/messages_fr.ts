// SPDX-License-Identifier: AGPL-3.0-or-later
import type { Format } from "./format";
import type { Messages } from "./messages";
import type { Finding, FindingCode, Overview } from "./overview";
import { reasons } from "./reasons";

function count(number: number, one: string, many: string): string {
  return `${number} ${number < 2 ? one : many}`;
}

function depuis(finding: Finding, format: Format, now: number): string {
  return finding.since === null ? "" : ` depuis ${format.since(finding.since, now)}`;
}

// Several faults of one sort make a better sentence than "problems".
function outlook(verdict: string, exhausted: string | null): string {
  switch (verdict) {
    case "underspent":
      return "une bonne part du budget restera inutilisée";
    case "may_fall_short":
      return "le budget pourrait ne pas suffire";
    case "falls_short":
      return exhausted === null ? "le budget ne suffit pas" : `le budget sera épuisé vers le ${exhausted}`;
    case "overspent":
      return "le budget est dépassé";
    default:
      return "le budget suffit";
  }
}

const several: Partial<Record<FindingCode, (number: number) => string>> = {
  machine_silent: (number) => `${number} machines ne répondent pas.`,
  service_down: (number) => `${number} services sont en panne.`,
  backup_failed: (number) => `${number} sauvegardes ont échoué.`,
  filesystem_full: (number) => `${number} disques sont pleins.`,
};

function critical(overview: Overview, format: Format, now: number): string {
  const serious = overview.findings.filter((finding) => finding.severity === "critical");
  const first = serious[0];
  if (first === undefined) return "";
  if (serious.length > 1) {
    const alike = serious.every((finding) => finding.code === first.code);
    const sentence = alike ? several[first.code] : undefined;
    return sentence?.(serious.length) ?? `${serious.length} problèmes demandent une intervention.`;
  }
  const age = depuis(first, format, now);
  if (first.code === "machine_silent") return `Une machine ne répond pas${age}.`;
  if (first.code === "service_down") return `Un service est en panne${age}.`;
  if (first.code === "repository_damaged") return "Un dépôt de sauvegardes est abîmé.";
  if (first.code === "backup_failed") return "Une sauvegarde a échoué.";
  return "Un disque est plein.";
}

function describe(finding: Finding, format: Format, now: number, currency: string): string {
  const { machine, subject } = finding;
  const age = depuis(finding, format, now);
  const left = finding.percent === null ? "" : format.wholePercent(finding.percent);
  const money = finding.cents === null ? "" : format.money(finding.cents, currency);
  const last = finding.since === null ? "aucune n’a encore réussi" : `dernière réussite il y a ${format.since(finding.since, now)}`;
  switch (finding.code) {
    case "machine_silent":
      return finding.since === null ? `La machine ${machine} n’a pas encore répondu.` : `La machine ${machine} ne répond pas${age}.`;
    case "service_down":
      return `Le service ${subject}${finding.kind ? ` (${finding.kind})` : ""}, sur ${machine}, est en panne${age}.`;
    case "backup_failed":
      return `La sauvegarde « ${subject} » de ${machine} a échoué ; ${last}.`;
    case "backup_overdue":
      return `La sauvegarde « ${subject} » de ${machine} est en retard ; ${last}.`;
    case "backup_never":
      return `La sauvegarde « ${subject} » de ${machine} n’a encore jamais été faite.`;
    case "repository_damaged":
      return `Le dépôt « ${subject} » est abîmé ; sur ${machine}, « intendance verify » nomme ce qui est perdu.`;
    case "care_failing":
      return `Dans le dépôt « ${subject} », ${finding.kind} n’aboutit pas ; ${last}.`;
    case "filesystem_full":
      return `Le disque ${subject} de ${machine} est plein : il en reste ${left}.`;
    case "filesystem_low":
      return `Le disque ${subject} de ${machine} est presque plein : il en reste ${left}.`;
    case "memory_low":
      return `La mémoire de ${machine} est presque épuisée : il en reste ${left}.`;
    case "backupd_silent":
      return `Les sauvegardes de ${machine} ne donnent pas de nouvelles${age}.`;
    case "billingd_silent":
      return `Le grand livre des heures ne donne pas de nouvelles${age}.`;
    case "prometheus_silent":
      return `L’historique des mesures (Prometheus) ne répond pas${age}.`;
    case "budget_exceeded":
      return `Le budget ${subject} est dépassé de ${money}.`;
    case "budget_low":
      return `Le budget ${subject} s’achève : il en reste ${money} (${left}).`;
    case "budget_short":
      return `À ce rythme, il manquera environ ${money} au budget ${subject} avant la fin de l’exercice.`;
  }
}

export const french: Messages = {
  product: "Intendance",
  skip: "Aller au contenu",
  otherLanguage: { code: "en", name: "English" },
  signOut: "Quitter",
  signOutFailed: "Le serveur ne répond pas : la session reste ouverte.",
  days: {
    today: (clock) => `aujourd’hui à ${clock}`,
    tomorrow: (clock) => `demain à ${clock}`,
    yesterday: (clock) => `hier à ${clock}`,
    other: (date, clock) => `le ${date} à ${clock}`,
  },

  signIn: {
    title: "Bienvenue à l’intendance",
    lead: "L’état des serveurs, des sauvegardes et du budget, sur une page.",
    label: "Jeton d’accès",
    help: "La personne qui administre le serveur peut vous le donner. Il n’est demandé qu’une fois par session.",
    button: "Ouvrir la session",
    busy: "Vérification…",
    empty: "Entrez le jeton d’accès.",
    wrong: "Ce n’est pas le jeton d’accès. Vérifiez qu’il a été copié en entier.",
    wait: (seconds) => `Trop d’essais. Réessayez dans ${count(seconds, "seconde", "secondes")}.`,
    unreachable: "Le serveur ne répond pas. Réessayez dans un moment.",
  },

  loading: "Chargement…",
  upToDate: (time) => `À jour à ${time}.`,
  stale: (time) => `Le serveur ne répond pas : données de ${time}. Nouvel essai en cours.`,
  neverReached: "Le serveur ne répond pas. Nouvel essai en cours.",

  sentence(overview, format, now) {
    switch (overview.verdict) {
      case "empty":
        return "Aucune machine n’est encore suivie.";
      case "unknown":
        return "Rien d’anormal, mais tous n’ont pas encore répondu.";
      case "well":
        return "Tout va bien.";
      case "warning":
        return overview.findings.length === 1
          ? "Rien n’est en panne, mais un point est à surveiller."
          : `Rien n’est en panne, mais ${overview.findings.length} points sont à surveiller.`;
      case "critical":
        return critical(overview, format, now);
    }
  },
  basis(overview, format, now) {
    const { machines, services, jobs } = overview.counts;
    if (machines.total === 0) return "";
    const parts = [
      machines.well === machines.total
        ? count(machines.total, "machine répond", "machines répondent")
        : `${machines.well} machines sur ${machines.total} répondent`,
    ];
    if (services.total > 0)
      parts.push(
        services.well === services.total
          ? count(services.total, "service va bien", "services vont bien")
          : `${services.well} services sur ${services.total} vont bien`,
      );
    if (jobs.total > 0)
      parts.push(
        jobs.well === jobs.total
          ? count(jobs.total, "sauvegarde à l’heure", "sauvegardes à l’heure")
          : `${jobs.well} sauvegardes sur ${jobs.total} à l’heure`,
      );
    const oldest =
      overview.oldest_success === null ? "" : `, la moins récente faite il y a ${format.since(overview.oldest_success, now)}`;
    return `${parts.join(", ")}${oldest}.`;
  },
  toWatch: "À surveiller",
  toRepair: "À réparer",
  finding: describe,
  detail: "Détail",

  machines: "Machines",
  machineState: { pending: "pas encore interrogée", up: "répond", silent: "ne répond pas" },
  silentSince: (age) => `Dernière nouvelle il y a ${age}.`,
  neverAnswered: "Aucune réponse jusqu’ici.",
  load: "Charge",
  loadOf: (load, processors) => `${load} pour ${count(processors, "processeur", "processeurs")}`,
  memory: "Mémoire",
  disk: (mountpoint) => `Disque ${mountpoint}`,
  freeOf: (free, total) => `${free} libres sur ${total}`,
  level: { low: "presque plein", full: "plein" },
  upSince: (age) => `En marche depuis ${age}`,
  noFigures: "Pas de mesures : cette machine n’a pas de collectord configuré.",

  services: "Services",
  servicesCaption: (counts) => `${counts.well} sur ${counts.total} vont bien`,
  serviceColumns: { name: "Service", machine: "Machine", state: "État", since: "Depuis", detail: "Détail" },
  serviceState: { up: "en marche", down: "en panne", unknown: "inconnu" },
  answersIn: (time) => `répond en ${time}`,
  reason: (name) => reasons[name]?.fr ?? name,

  backups: "Sauvegardes",
  backupsCaption: (counts) => `${counts.well} sur ${counts.total} à l’heure`,
  backupColumns: {
    name: "Tâche",
    machine: "Machine",
    state: "État",
    success: "Dernière réussite",
    size: "Dernier passage",
    next: "Prochain passage",
  },
  jobState: {
    well: "à l’heure",
    warnings: "faite, avec réserves",
    never: "jamais faite",
    overdue: "en retard",
    failed: "échec",
    unknown: "inconnu",
  },
  running: "en cours",
  ago: (age) => `il y a ${age}`,
  never: "jamais",
  newAndStored: (added, stored) => `${added} nouveaux, ${stored} stockés`,
  notLocked: "pas protégée contre la suppression",
  warnings: (number) => count(number, "fichier avec réserve", "fichiers avec réserve"),

  budget: "Budget",
  budgetTitle: (label, fund) => (label === "" ? `Fonds ${fund}` : `${label} · fonds ${fund}`),
  period: (from, to) => `Du ${from} au ${to}`,
  spentOf: (spent, budget) => `${spent} dépensés sur ${budget}`,
  available: "Disponible",
  spent: "Dépensé",
  forecast: (low, high, verdict, exhausted) => `L’exercice se terminera entre ${low} et ${high} : ${outlook(verdict, exhausted)}.`,
  noBudget: "aucun budget n’est fixé pour cette année",
  exceeded: "Dépassement",
  thatBuys: (hours) => `soit environ ${hours} de travail au coût moyen jusqu’ici`,
  basisOf: (basis) =>
    ({ net: "Montants nets des remboursements de taxes", gross: "Montants taxes comprises", before_tax: "Montants avant taxes" })[
      basis
    ] ?? basis,
  worked: (hours) => `${hours} travaillées`,
  billingSilent: "Le grand livre ne donne pas de nouvelles : ces montants peuvent dater.",

  empty: {
    machines: "Pour suivre une machine, installez-y intendance-collectord, puis nommez-la dans la configuration du serveur :",
    services: "Aucun service n’est déclaré. Pour en suivre un, ajoutez-le à la configuration de sa machine :",
    jobs: "Aucune sauvegarde n’est configurée. Pour en prévoir une, ajoutez-la à la configuration de la machine :",
    billing: "Les heures ne sont pas suivies ici. Pour afficher le budget, nommez le service de facturation dans la configuration :",
    budgets: "Aucun budget n’est inscrit. Pour en inscrire un :",
    unknown: "Pas encore de réponse.",
  },
  footer: (time) => `Dernier changement : ${time}.`,
};
