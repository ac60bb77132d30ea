import { expect, test } from "vitest";
import lock from "../../package-lock.json" with { type: "json" };

interface LockedPackage {
  version?: string;
  optionalDependencies?: Record<string, string>;
}

const packages: Record<string, LockedPackage> = lock.packages;

/** npm writes only the binaries of the platform it runs on when it updates an existing lock file. */
test("the lock file names the binaries of every platform, without which `npm ci` refuses it", () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});
