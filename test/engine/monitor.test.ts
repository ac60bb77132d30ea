import { expect, test } from "vitest";
import { Monitor } from "./monitor.ts";

const DEPLOYED = {
  project: "shop",
  stack: "dev",
  config: { values: {}, secretKeys: [] },
  preview: true,
  parallel: 4,
};

// The kernel gives a port again after a few hundred: gRPC would still have the failed connection to the earlier engine.
test("no two engines of a process have the same address", async () => {
  const addresses = new Set<string>();
  for (let n = 0; n < 800; n++) {
    const monitor = new Monitor(DEPLOYED, () => {});
    await monitor.listen();
    monitor.close();
    addresses.add(monitor.address);
  }
  expect(addresses.size).toBe(800);
});
