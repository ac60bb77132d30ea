import { foreignText } from "../foreign-text.ts";
import type { DomainReview } from "./domain-review.ts";
import type { Happened } from "./happened.ts";
import type { Review } from "./review.ts";
import { memoryText, runFailures, verdictWord, whyText } from "./texts.ts";
import type { Verdict } from "./verdict.ts";

type Level = "error" | "warning" | "notice";

const LEVELS: Readonly<Partial<Record<Verdict, Level>>> = {
  refuse: "error",
  replace: "error",
  delete: "warning",
  restart: "warning",
  unknown: "warning",
  nextBoot: "warning",
};

const RESULT_LEVELS: Readonly<Record<Happened["result"], Level>> = {
  gone: "error",
  failed: "error",
  unfinished: "error",
  lacking: "warning",
  done: "notice",
};

/**
 * GitHub's workflow commands, which annotate the lines of the program that create the domains.
 *
 * @param folder the project's folder in the repository, which its positions are relative to
 */
export function annotations(review: Review, folder: string): string {
  const ofRun = runFailures(review).map((parts) =>
    command("error", { title: "libvirt domains" }, [parts.join("")]),
  );
  const ofDomains = review.domains.map((domain) =>
    command(
      domain.happened === undefined
        ? (LEVELS[domain.verdict] ?? "notice")
        : RESULT_LEVELS[domain.happened.result],
      { ...placeOf(domain, folder), title: foreignText(domain.resource) },
      [
        domain.happened === undefined ? plannedText(domain) : happenedText(domain, domain.happened),
        ...domain.questions,
      ],
    ),
  );
  return [...ofRun, ...ofDomains].map((line) => `${line}\n`).join("");
}

/** "live (512 → 768 MiB): one 256 MiB DIMM in slot 0" */
function plannedText(domain: DomainReview): string {
  const { text, code } = whyText(domain);
  const size = sizeOf(domain);
  const reason = code === undefined ? "" : ` [${code}]`;
  return `${verdictWord(domain)}${size === "" ? "" : ` (${size})`}: ${text}${reason}`;
}

/** "failed (live 512 → 768 MiB): Unable to …" */
function happenedText(domain: DomainReview, { result, remarks }: Happened): string {
  const planned = `${verdictWord(domain)} ${sizeOf(domain)}`.trim();
  return `${result} (${planned})${remarks.length === 0 ? "" : `: ${remarks.join("; ")}`}`;
}

function sizeOf({ isSecret, memory }: DomainReview): string {
  return isSecret ? "" : memoryText(memory);
}

function placeOf({ position }: DomainReview, folder: string): Record<string, string> {
  if (position === undefined) return {};
  const { file, line, column } = position;
  return { file: inFolder(folder, file), line: String(line), col: String(column) };
}

function command(level: Level, properties: Record<string, string>, lines: string[]): string {
  const given = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${level} ${given.join(",")}::${escapeData(lines.map(foreignText).join("\n"))}`;
}

function inFolder(folder: string, file: string): string {
  const path = folder.replace(/^(?:\.\/)+|\/+$/g, "");
  return path === "" || path === "." ? file : `${path}/${file}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
