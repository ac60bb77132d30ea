import { expect, test } from "vitest";
import { buildDomain } from "../../provider/domain/build.ts";
import { differencesFrom } from "../../provider/domain/difference.ts";
import { withFreePorts } from "../../provider/domain/ports.ts";
import { plainSpec } from "./spec.ts";

const PORT = /<controller type=(['"])pci\1 index=(['"])(\d+)\2 model=(['"])pcie-root-port\4\/>/g;

/** As libvirt 9.0 prints a root port. */
const filledIn = (xml: string) =>
  xml.replace(
    PORT,
    (_, _1, _2, index) =>
      `<controller type='pci' index='${index}' model='pcie-root-port'><model name='pcie-root-port'/><target chassis='${index}' port='0x8'/><address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0' multifunction='on'/></controller>`,
  );

test.each([false, true])("what libvirt adds to root ports is no difference (running: %s)", (isLive) => {
  const wanted = withFreePorts(buildDomain(plainSpec), 8);
  const found = filledIn(wanted);
  expect(found).toContain("chassis=");
  expect(differencesFrom(wanted, found, isLive)).toEqual([]);
  expect(differencesFrom(wanted, found.replace("</devices>", "<rng/></devices>"), isLive)).toEqual([
    "devices/rng",
  ]);
});
