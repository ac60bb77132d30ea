import { createHash } from "node:crypto";
import { ceilingOf } from "../explain/drawing.ts";
import { FREE, type LegendEntry, pieces } from "../explain/legend.ts";
import type { MemoryMap } from "../explain/memory-map.ts";
import { foreignText } from "../foreign-text.ts";
import { formatSize } from "../units/size.ts";
import type { DomainReview } from "./domain-review.ts";
import { legendOfMaps, legendRows, type NamedMap, namedMaps } from "./memory-map.ts";
import type { Review } from "./review.ts";
import { memoryText, verdictWord } from "./texts.ts";

/** A picture, by the name of its file. */
export interface Picture {
  file: string;
  svg: string;
}

/** The maps of the domains that have one. */
export function pictures({ domains }: Review): Picture[] {
  const taken = new Set<string>();
  return domains
    .filter(({ before, after }) => before !== undefined || after !== undefined)
    .map((domain) => {
      const file = fileOf(domain, taken);
      taken.add(file.toLowerCase());
      return { file, svg: drawSvg(domain) };
    });
}

const LONGEST_FILE = 60;

/** A resource may have any name, and file systems differ in which names they distinguish. */
function fileOf({ resource, urn }: DomainReview, taken: ReadonlySet<string>): string {
  const safe = resource.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, LONGEST_FILE);
  const isOwn = safe === resource && !taken.has(`${safe}.svg`.toLowerCase());
  return isOwn ? `${safe}.svg` : `${safe}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}.svg`;
}

const WIDTH = 720;
const MARGIN = 16;
const LABEL = 64;
const BAR = 26;
const ROW = 18;

/** GitHub shows a picture in the reader's own colours. */
const STYLE = `
  .background { fill: #ffffff }
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328 }
  .title { font-weight: bold; font-size: 14px }
  .faint { fill: #59636e }
  .base { fill: #0969da; stroke: #ffffff }
  .ours { fill: #1a7f37 }
  .other { fill: #8250df }
  .bad { fill: #bf8700 }
  .new { stroke: #1f2328; stroke-width: 2 }
  .free { fill: #eff2f5; stroke: #d1d9e0 }
  .key { fill: #ffffff; text-anchor: middle }
  @media (prefers-color-scheme: dark) {
    .background { fill: #0d1117 }
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .base { fill: #1f6feb; stroke: #0d1117 }
    .ours { fill: #238636 }
    .other { fill: #8957e5 }
    .bad { fill: #9e6a03 }
    .new { stroke: #f0f6fc }
    .free { fill: #212830; stroke: #3d444d }
    .key { fill: #ffffff }
  }`;

function drawSvg(domain: DomainReview): string {
  const maps = namedMaps(domain);
  const legend = legendOfMaps(domain);
  const scale = Math.max(...maps.map(({ map }) => ceilingOf(map)));
  const rows = legendRows(domain);
  const top = MARGIN + 30;
  const below = top + maps.length * (BAR + 10) + ROW;
  const height = below + rows.length * ROW + MARGIN;
  const title = `${domain.resource}: ${verdictWord(domain)} ${memoryText(domain.memory)}`.trim();
  const bars = maps.map(({ label, map }, index) => {
    const y = top + index * (BAR + 10);
    return `<text x="${MARGIN}" y="${y + 17}">${label}</text>${bar(map, legend, { y, scale, label })}`;
  });
  const end = below - ROW + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${xmlText(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="background" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<text class="title" x="${MARGIN}" y="${MARGIN + 12}">${xmlText(title)}</text>`,
    ...bars,
    `<text class="faint" x="${MARGIN + LABEL}" y="${end}">0</text>`,
    `<text class="faint" x="${WIDTH - MARGIN}" y="${end}" text-anchor="end">${formatSize(scale)}</text>`,
    ...rows.map(({ key, part, size, remark }, index) => {
      const y = below + (index + 1) * ROW;
      return [
        `<text x="${MARGIN}" y="${y}">${xmlText(key)}</text>`,
        `<text x="${MARGIN + 24}" y="${y}">${xmlText(part)}</text>`,
        `<text x="${MARGIN + 300}" y="${y}" text-anchor="end">${size}</text>`,
        `<text class="faint" x="${MARGIN + 316}" y="${y}">${xmlText(remark)}</text>`,
      ].join("");
    }),
    "</svg>",
    "",
  ].join("\n");
}

/** A narrower piece has no room for its letter. */
const KEY_WIDTH = 10;

function bar(
  map: MemoryMap,
  legend: LegendEntry[],
  { y, scale, label }: { y: number; scale: number; label: NamedMap["label"] },
): string {
  const width = WIDTH - 2 * MARGIN - LABEL;
  let x = MARGIN + LABEL;
  const drawn = pieces(map, legend).map(({ key, size }) => {
    const length = (size / scale) * width;
    const middle = x + length / 2;
    const rect = `<rect class="${classOf(key, legend, label)}" x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${BAR}"/>`;
    x += length;
    const name = `<text class="key" x="${middle.toFixed(1)}" y="${y + 17}">${xmlText(key)}</text>`;
    const isNamed = key !== FREE && length >= KEY_WIDTH;
    return { isNew: isNew(key, legend, label), drawing: isNamed ? rect + name : rect };
  });
  // The border of what is new is above its neighbours.
  const above = drawn.filter((piece) => piece.isNew);
  return [...drawn.filter((piece) => !piece.isNew), ...above].map(({ drawing }) => drawing).join("");
}

function classOf(key: string, legend: LegendEntry[], label: NamedMap["label"]): string {
  if (key === FREE) return "free";
  const entry = legend.find((one) => one.key === key);
  if (entry === undefined) return "base";
  const { device } = entry;
  const kind = device.misaligned || device.taken === false ? "bad" : device.ours ? "ours" : "other";
  return isNew(key, legend, label) ? `${kind} new` : kind;
}

function isNew(key: string, legend: LegendEntry[], label: NamedMap["label"]): boolean {
  return label !== "before" && legend.some((entry) => entry.key === key && entry.nextBootOnly);
}

function xmlText(text: string): string {
  return foreignText(text).replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
