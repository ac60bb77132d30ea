// Connects to the URI in its argument, subscribes, calls, and then does nothing more: see exit.test.ts.
import { connect } from "../../provider/libvirt/connect.ts";

const [uri = ""] = process.argv.slice(2);
const hypervisor = await connect(uri);
await hypervisor.subscribe(
  { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 },
  () => undefined,
);
hypervisor.capabilities().then((text) => console.log(text));
