/** What a reader sees of the demo, in lines of 100 columns at the most. */

const WIDTH = Math.min(process.stdout.columns ?? 100, 100);
const bold = (text: string) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[22m` : text);

/** How often a wait shows that it goes on. */
const PROGRESS_MS = 5_000;

export function say(text = ""): void {
  console.log(fold(text));
}

export function heading(text: string): void {
  console.log(`\n${bold(`── ${text} ${"─".repeat(Math.max(0, WIDTH - text.length - 4))}`)}`);
}

/** Takes text as it comes and prints it in whole lines, folded and indented. */
export function linePrinter(indent: string): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) console.log(fold(indent + line));
  };
}

/** Shows from time to time that something is still under way. */
export async function patiently<T>(what: string, work: Promise<T>): Promise<T> {
  const started = performance.now();
  const timer = setInterval(() => say(`  … ${what}, ${secondsSince(started)}`), PROGRESS_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

export function secondsSince(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

/** Breaks a long line at spaces; what follows is indented a little further than its beginning. */
function fold(line: string): string {
  const indent = `${/^ */.exec(line)?.[0] ?? ""}      `;
  const lines: string[] = [];
  let rest = line.trimEnd();
  for (;;) {
    const end = rest.length > WIDTH ? rest.lastIndexOf(" ", WIDTH) : -1;
    if (end < indent.length) return [...lines, rest].join("\n");
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end + 1);
  }
}
