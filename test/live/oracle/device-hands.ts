import type { Lab } from "../../lab/lab.ts";
import { attachXmlByHand } from "../../support/virsh.ts";
import type { DeviceHand, Where } from "./device-story.ts";
import { POOL } from "./host-files.ts";
import { readDevices, type SeenDevices } from "./seen-devices.ts";

const WHERE: Record<Where, ("--live" | "--config")[]> = {
  live: ["--live"],
  config: ["--config"],
  both: ["--live", "--config"],
};

/** The MAC addresses of cards that an administrator attached begin with this. */
export const THEIR_MAC = "52:54:00:7e:1e:";

export async function playWithDevices(lab: Lab, name: string, hand: DeviceHand): Promise<string> {
  switch (hand.kind) {
    case "attachDisk": {
      const target = `${hand.bus === "virtio" ? "vd" : "sd"}${hand.letter}`;
      const file = lab.file(`images/theirs-${hand.image}.raw`);
      const xml = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/><target dev='${target}' bus='${hand.bus}'/></disk>`;
      await attachXmlByHand(lab, name, xml, ...WHERE[hand.where]);
      return target;
    }
    case "attachCard": {
      const xml = `<interface type='user'><mac address='${THEIR_MAC}0${hand.nic}'/><model type='virtio'/></interface>`;
      await attachXmlByHand(lab, name, xml, ...WHERE[hand.where]);
      return "";
    }
    case "detachDisk": {
      const { disks } = await devices(lab, name, hand.where);
      const target = pick(disks, hand.at).target;
      await lab.virsh("detach-disk", name, target, ...WHERE[hand.where]);
      return target;
    }
    case "detachCard": {
      const { cards } = await devices(lab, name, hand.where);
      const { kind, mac } = pick(cards, hand.at);
      await lab.virsh("detach-interface", name, kind, mac, ...WHERE[hand.where]);
      return mac;
    }
    case "blockResize": {
      const { disks } = await devices(lab, name, "live");
      const { target } = pick(disks, hand.at);
      await lab.virsh("blockresize", name, target, `${hand.mib}M`);
      return target;
    }
    case "volumeResize": {
      const volumes = (await lab.virsh("vol-list", POOL)).match(/\S+\.(img|qcow2)(?= )/g) ?? [];
      const volume = pick(volumes, hand.at);
      await lab.virsh("vol-resize", volume, `${hand.mib}M`, "--pool", POOL);
      return volume;
    }
    case "eject": {
      const drives = (await devices(lab, name, "live")).disks.filter(({ device }) => device === "cdrom");
      const { target } = pick(drives, hand.at);
      await lab.virsh("change-media", name, target, "--eject", "--force", "--live");
      return target;
    }
    case "link": {
      const { mac } = pick((await devices(lab, name, "live")).cards, hand.at);
      await lab.virsh("domif-setlink", name, mac, hand.state);
      return mac;
    }
  }
}

async function devices(lab: Lab, name: string, where: Where): Promise<SeenDevices> {
  return readDevices(await lab.virsh("dumpxml", name, ...(where === "config" ? ["--inactive"] : [])));
}

function pick<One>(all: One[], at: number): One {
  const one = all[at % Math.max(1, all.length)];
  if (one === undefined) throw new Error("there is none");
  return one;
}
