/**
 * Parses a property path as Pulumi's engine does (ParsePropertyPath in sdk/go/common/resource/property_path.go), without
 * wildcards.
 *
 * @throws Error where the engine would fail
 */
export function parsePropertyPath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  let rest = path;
  while (rest !== "") {
    const quoted = /^\["((?:\\"|[^"])*)"\]/s.exec(rest);
    const index = /^\[(\d+)\]/.exec(rest);
    const name = /^[^.[]+/.exec(rest);
    if (rest.startsWith(".") && steps.length > 0) rest = rest.slice(1);
    const dotted = /^[^.[]+/.exec(rest);
    const found = quoted ?? index ?? name ?? dotted;
    if (found === null) throw new Error(`${path} is not a property path`);
    const [whole, inner] = found;
    steps.push(
      found === quoted ? (inner ?? "").replaceAll('\\"', '"') : found === index ? Number(inner) : whole,
    );
    rest = rest.slice(whole.length);
  }
  if (steps.length === 0) throw new Error("an empty path is not a property path");
  return steps;
}
