import type { Input } from "@pulumi/pulumi";

/** A virtio random number generator, which gives the guest entropy from the host. */
export interface RngArgs {
  /** The source of entropy on the host, such as `/dev/random`. Default: `"/dev/urandom"`. */
  source?: Input<string>;
  /** The maximum number of bytes that the guest gets in each `period`. Default: no limit. */
  bytes?: Input<number>;
  /** The period of `bytes` in milliseconds. Default: 1000, if `bytes` is set. */
  period?: Input<number>;
}
