import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { LabUnavailable } from "../lab/packages.ts";
import { removeDomains } from "./virsh.ts";

/**
 * One lab of root's for all tests of a file, with networks and bridges. Where the machine doesn't allow that, the tests are skipped
 * with the reason.
 *
 * @param options `prepare` runs once the daemon listens
 */
export function privilegedLabOfThisFile({
  tpm = false,
  prepare = async () => {},
}: {
  tpm?: boolean;
  prepare?: (lab: Lab) => Promise<void>;
}): () => Lab {
  let lab: Lab | undefined;
  let missing: string | undefined;
  beforeAll(async () => {
    try {
      lab = await startLab({ privileged: true, tpm });
      await prepare(lab);
    } catch (error) {
      if (!(error instanceof LabUnavailable)) throw error;
      missing = error.message;
    }
  });
  beforeEach(({ skip }) => skip(missing !== undefined, missing));
  afterEach(async () => {
    if (lab !== undefined && missing === undefined) await removeDomains(lab);
  });
  afterAll(() => lab?.stop());
  return () => {
    if (lab === undefined) throw new Error("the lab has not started");
    return lab;
  };
}
