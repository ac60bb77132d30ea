import type { Input } from "@pulumi/pulumi";

/** A graphical console that the host serves. */
export interface GraphicsArgs {
  /** The protocol. */
  type: Input<"vnc" | "spice">;
  /**
   * The IP address or host name that the server listens on, on the host where libvirt runs. Default: the host's
   * (`vnc_listen` and `spice_listen` in qemu.conf), usually 127.0.0.1.
   */
  listen?: Input<string>;
  /** The TCP port, 1 to 65535; for VNC at least 5900. Default: libvirt chooses a free one at each start. */
  port?: Input<number>;
  /**
   * The password that clients must give: at most 8 bytes for VNC, at most 60 for SPICE. It is always a secret, even if the
   * program sets a plain string. Default: none.
   */
  password?: Input<string>;
  /** SPICE only: whether the client and the guest share a clipboard. Default: libvirt's, true. */
  clipboard?: Input<boolean>;
  /** SPICE only: whether the client can send files to the guest. Default: libvirt's, true. */
  fileTransfer?: Input<boolean>;
}
