import fc from "fast-check";

/** What every object of JavaScript has, and a document's names must not be mistaken for. */
export const OBJECT_NAMES = [
  "prototype",
  ...Object.getOwnPropertyNames(Object.prototype),
  ...["call", "length", "name", "then"],
];

const name = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}(:[a-z][a-z0-9]{0,4})?$/) },
  fc.constantFrom(...OBJECT_NAMES),
);

const blank = fc.constantFrom(" ", "\n  ", "\t", "  ");

/** Characters of XML 1.0, more of those that matter to a parser. */
export const xmlText = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom("a", " ", "\n", "\t", "&", "<", ">", "'", '"', "]]>", "é", "🛠"),
      },
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) =>
    parts.join("").replace(/[^\t\n\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, ""),
  );

function written(text: string): string {
  return text
    .replace(/[&<]/g, (character) => (character === "&" ? "&amp;" : "&#x3C;"))
    .replaceAll("]]>", "]]&gt;");
}

const attribute = fc
  .record({
    blank,
    key: name,
    value: xmlText,
    quote: fc.constantFrom("'", '"'),
    around: fc.constantFrom("", " "),
  })
  .map(({ blank, key, value, quote, around }) => {
    const raw = written(value).replaceAll(quote, quote === "'" ? "&apos;" : "&quot;");
    return { key, xml: `${blank}${key}${around}=${around}${quote}${raw}${quote}` };
  });

const aside = fc.oneof(
  xmlText.map((text) => `<!--${text.replace(/-/g, "")}-->`),
  xmlText.map((text) => `<![CDATA[${text.replaceAll("]]>", "")}]]>`),
  fc.constantFrom("<?pi?>", '<?pi some "data" x?>', "<?a-b c='d'?>"),
);

/** Elements in every way of writing that XML has. */
const elementXml = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .record({
      name,
      attributes: fc.uniqueArray(attribute, { selector: ({ key }) => key, maxLength: 4 }),
      end: fc.constantFrom("", " ", "\n"),
      children: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constant(undefined),
        fc.array(fc.oneof(xmlText.map(written), aside, tie("element")), { maxLength: 5 }),
      ),
    })
    .map(({ name, attributes, end, children }) => {
      const start = `<${name}${attributes.map(({ xml }) => xml).join("")}${end}`;
      return children ? `${start}>${children.join("")}</${name}${end}>` : `${start}/>`;
    }),
})).element;

export const documentXml = fc
  .tuple(
    fc.constantFrom("", '<?xml version="1.0"?>\n', "<!-- kept -->\n"),
    elementXml,
    fc.constantFrom("", "\n", "<!-- end -->"),
  )
  .map((parts) => parts.join(""));
