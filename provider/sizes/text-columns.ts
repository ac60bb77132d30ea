const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Printable ASCII, which is most of the text: a column for each character. */
const NARROW = /^[ -~]*$/;

/** What terminals draw in two columns: emoji, flags, and the wide and fullwidth forms of East Asian scripts. */
const WIDE =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{sc=Yiii}\u3000\uFF01-\uFF60\uFFE0-\uFFE6]/u;

/** East Asian characters that are narrow: halfwidth forms, and punctuation of more scripts than these. */
const HALFWIDTH = /^[\u00B7\uFF61-\uFFDC]/;

/** A mark that has no character before it. */
const ONLY_MARKS = /^\p{M}+$/u;

/** The columns in which a terminal draws a text without control characters. */
export function textColumns(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of GRAPHEMES.segment(text)) columns += graphemeColumns(segment);
  return columns;
}

function graphemeColumns(grapheme: string): number {
  if (ONLY_MARKS.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALFWIDTH.test(grapheme) ? 2 : 1;
}
