import fc from "fast-check";
import { expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { newDomain } from "../../provider/review/new-domain.ts";
import { startedWith } from "../../provider/sizes/walk.ts";
import { cases } from "../support/properties.ts";
import { checkedInputs } from "../support/scene.ts";

const anyNodes = fc.array(fc.constantFrom(0, 1, 256, 512), { maxLength: 3 }).chain((shares) =>
  fc.record({
    shares: fc.constant(shares),
    rest: fc.constantFrom(0, 256, 1000),
    targetNode: shares.length < 2 ? fc.constant(0) : fc.constantFrom("spread", ...shares.keys()),
  }),
);

test("the nodes of a new domain have the memory that its definition gives them", () => {
  fc.assert(
    fc.property(anyNodes, ({ shares, rest, targetNode }) => {
      const memory = `${shares.reduce((all, share) => all + share, 1024 + rest)}MiB`;
      const numa = shares.length < 2 ? undefined : shares.map((share) => ({ memory: `${share}MiB` }));
      const inputs = {
        ...{ ...checkedInputs, memory, hotplug: { targetNode } },
        ...(numa && { numa }),
      } as Inputs;
      const cells = newDomain({ ...inputs }, undefined, DEFAULTS)?.live?.cells;
      const defined = startedWith(inputs).observed.live?.cells;
      expect(cells?.map(({ memory }) => memory)).toEqual(defined?.map(({ memory }) => memory));
    }),
    cases(100),
  );
});
