import { MIB } from "../../support/fake-guest.ts";
import { UUID } from "../../support/update-scene.ts";

/** One node of 1003 MiB, with room to grow. */
export const DOMAIN = `<domain type='kvm'>
  <name>web-1</name>
  <uuid>${UUID}</uuid>
  <maxMemory slots='4' unit='KiB'>${8192 * MIB}</maxMemory>
  <memory unit='KiB'>${1003 * MIB}</memory>
  <currentMemory unit='KiB'>${1003 * MIB}</currentMemory>
  <vcpu>2</vcpu>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0-1' memory='${1003 * MIB}' unit='KiB'/></numa></cpu>
  <devices>
    <graphics type='vnc' passwd='hush'/>
  </devices>
</domain>`;

export const DIMM = { size: 256 * MIB, node: 0, slot: 0, alias: "ua-pulumi-dimm0" };
