const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Pulumi's form of a path (sdk/go/common/resource/property_path.go): what isn't an identifier is quoted. */
export function propertyPath([name = "", ...rest]: readonly PropertyKey[]): string {
  const others = rest.map((step) =>
    typeof step === "number" ? `[${step}]` : isIdentifier(step) ? `.${String(step)}` : quoted(step),
  );
  return [isIdentifier(name) ? String(name) : quoted(name), ...others].join("");
}

/** Whether a path is the other one or inside of it. */
export function isWithin(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && /^[.[]/.test(path.slice(outer.length)));
}

function isIdentifier(key: PropertyKey): boolean {
  return IDENTIFIER.test(String(key));
}

function quoted(key: PropertyKey): string {
  return `["${String(key).replaceAll('"', '\\"')}"]`;
}
