/** Something that the demo claims. */
export interface Claim {
  readonly text: string;
  readonly holds: boolean;
  /** What shows whether it holds. */
  readonly seen: string;
}
