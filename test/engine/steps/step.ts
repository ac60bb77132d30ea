import type { Difference } from "../hosts/difference.ts";
import type { Resource } from "../stack/resource.ts";

export type Op =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "remove-pending-replace"
  | "read"
  | "read-replacement"
  | "read-discard"
  | "import"
  | "import-replacement"
  | "refresh";

/** What is shown of a step. */
export interface StepInfo {
  op: Op;
  urn: string;
  old?: Resource | undefined;
  new?: Resource | undefined;
  /** The properties that made it a replacement. */
  replaceReasons?: string[];
  difference?: Difference;
}

/** Answers the program's registration, once its last step has run or will never run. */
export type Answer = (registered: { resource: Resource; failed: boolean }) => void;

interface Registering {
  urn: string;
  new: Resource;
  replaceReasons?: string[];
  difference?: Difference;
  /** Absent in a step that is not the last one of its registration. */
  answer?: Answer;
}

export interface CreateStep extends Registering {
  op: "create";
  old?: never;
}

/** `replace` does nothing: it is the replacement as a whole, to be shown and counted. */
export interface ChangeStep extends Registering {
  op: "same" | "update" | "replace";
  old: Resource;
}

export interface CreateReplacementStep extends Registering {
  op: "create-replacement";
  old: Resource;
  /** Whether the old resource still exists, to be deleted after the program has ended. */
  deletesOldLater: boolean;
}

/** Of a resource that the stack doesn't manage; `old` is replaced if the stack managed it. */
export interface ReadStep extends Registering {
  op: "read" | "read-replacement";
  old?: Resource | undefined;
}

/** Takes over a resource that exists. */
export interface ImportStep extends Registering {
  op: "import" | "import-replacement";
  old?: Resource | undefined;
}

export interface DeleteStep {
  op: "delete" | "delete-replaced" | "remove-pending-replace" | "read-discard";
  urn: string;
  old: Resource;
  new?: never;
  answer?: never;
  /** Whether the resource stays in the state until its replacement has been created. */
  awaitsReplacement: boolean;
}

export type Step = CreateStep | ChangeStep | CreateReplacementStep | ReadStep | ImportStep | DeleteStep;

/** Ends the operation; what is to be said has been said already. */
export class Bail extends Error {}

/** Refuses one deletion without keeping others from being done. */
export class ProtectedError extends Error {
  constructor(urn: string) {
    super(
      `resource "${urn}" cannot be deleted because it is protected; set protect to false and update first`,
    );
  }
}
