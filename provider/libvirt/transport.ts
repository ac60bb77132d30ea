import type { Channel } from "./channel.ts";
import { openUnix } from "./unix.ts";
import type { LibvirtUri } from "./uri.ts";

export function openChannel(uri: LibvirtUri): Channel {
  return openUnix(uri);
}
