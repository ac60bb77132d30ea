import { foreignText } from "../foreign-text.ts";
import type { DomainReview } from "./domain-review.ts";
import type { Review } from "./review.ts";
import { memoryText, verdictWord, whyText } from "./texts.ts";
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

/**
 * GitHub's workflow commands, which annotate the lines of the program that create the domains.
 *
 * @param folder the project's folder in the repository, which its positions are relative to
 */
export function annotations({ domains }: Review, folder: string): string {
  return domains.map((domain) => `${annotation(domain, folder)}\n`).join("");
}

function annotation(domain: DomainReview, folder: string): string {
  const { verdict, resource, position, memory, isSecret, questions } = domain;
  const { text, code } = whyText(domain);
  const size = isSecret ? "" : memoryText(memory);
  const message = [
    `${verdictWord(domain)}${size === "" ? "" : ` (${size})`}: ${text}${code === undefined ? "" : ` [${code}]`}`,
    ...questions,
  ].map(foreignText);
  const place =
    position === undefined
      ? {}
      : { file: inFolder(folder, position.file), line: position.line, col: position.column };
  const properties = Object.entries({ ...place, title: foreignText(resource) }).map(
    ([name, value]) => `${name}=${escapeProperty(String(value))}`,
  );
  return `::${LEVELS[verdict] ?? "notice"} ${properties.join(",")}::${escapeData(message.join("\n"))}`;
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
