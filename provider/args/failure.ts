/** A failure as Pulumi shows it: at a property's path, with a reason. */
export interface Failure {
  property: string;
  reason: string;
}
