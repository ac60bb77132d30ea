import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { equal, type Props, withoutSecretMarks } from "../stack/values.ts";

export interface Difference {
  changes: boolean;
  /** Properties whose change requires a replacement. */
  replaces: string[];
  deleteBeforeReplace: boolean;
  /** Known only where the engine had to compare the inputs itself. */
  changedKeys: string[];
}

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
  };
}

function changedProps(marked: Props, markedNews: Props, ignore: string[]): string[] {
  const olds = withoutSecretMarks(marked);
  const news = withoutSecretMarks(markedNews);
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  return [...keys].filter((key) => !ignore.includes(key) && !equal(olds[key], news[key]));
}
