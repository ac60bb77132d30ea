import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { contains, topOf } from "../stack/property-path.ts";
import { equal, type Props, withoutSecretMarks } from "../stack/values.ts";

export interface Difference {
  changes: boolean;
  /** Properties whose change requires a replacement. */
  replaces: string[];
  deleteBeforeReplace: boolean;
  /** Top-level properties; of a dynamic provider known only where the engine had to compare the inputs itself. */
  changedKeys: string[];
  /** By property path, where the provider is that exact. */
  detailed?: ReadonlyMap<string, PropertyDifference>;
}

export interface PropertyDifference {
  kind: "add" | "delete" | "update";
  replaces: boolean;
  /** Whether old and new inputs differ, rather than the old outputs and the new inputs. */
  ofInputs: boolean;
}

export const NO_DIFFERENCE: Difference = {
  changes: false,
  replaces: [],
  deleteBeforeReplace: false,
  changedKeys: [],
};

/** What a provider's diff says; where it leaves "changes" open, the inputs are compared, secrets by their values. */
export function differenceOf(
  response: messages.DiffResponse,
  o: { oldInputs: Props; inputs: Props; ignore: string[] },
): Difference {
  const isOpen = response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_UNKNOWN;
  const changedKeys = isOpen ? changedProps(o.oldInputs, o.inputs, o.ignore) : response.getDiffsList();
  return {
    changes: isOpen
      ? changedKeys.length > 0
      : response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
    replaces: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    changedKeys,
    ...(response.getHasdetaileddiff() ? { detailed: detailedIn(response) } : {}),
  };
}

const { Kind } = messages.PropertyDiff;

function detailedIn(response: messages.DiffResponse): Map<string, PropertyDifference> {
  const found = new Map<string, PropertyDifference>();
  response.getDetaileddiffMap().forEach((property, path) => {
    const kind = property.getKind();
    found.set(path, {
      kind:
        kind === Kind.ADD || kind === Kind.ADD_REPLACE
          ? "add"
          : kind === Kind.DELETE || kind === Kind.DELETE_REPLACE
            ? "delete"
            : "update",
      replaces: kind === Kind.ADD_REPLACE || kind === Kind.DELETE_REPLACE || kind === Kind.UPDATE_REPLACE,
      ofInputs: property.getInputdiff(),
    });
  });
  return found;
}

/** With what the program's `replaceOnChanges` makes of it. */
export function replacingOnChanges(difference: Difference, paths: string[]): Difference {
  if (!difference.changes || paths.length === 0) return difference;
  const isNamed = (property: string) => paths.some((path) => contains(path, property));
  const named = difference.changedKeys.filter(isNamed);
  if (!difference.detailed) return { ...difference, replaces: [...difference.replaces, ...named] };
  const detailed = new Map(
    [...difference.detailed].map(([path, property]) => [
      path,
      isNamed(path) ? { ...property, replaces: true } : property,
    ]),
  );
  const inDetail = [...detailed].filter(([, { replaces }]) => replaces).map(([path]) => topOf(path));
  return { ...difference, detailed, replaces: [...new Set([...difference.replaces, ...named, ...inDetail])] };
}

function changedProps(marked: Props, markedNews: Props, ignore: string[]): string[] {
  const olds = withoutSecretMarks(marked);
  const news = withoutSecretMarks(markedNews);
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  return [...keys].filter((key) => !ignore.includes(key) && !equal(olds[key], news[key]));
}
