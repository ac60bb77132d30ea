/** Why an input is refused. Pulumi prints the property's path and then the reason, which is a predicate ("must be …"). */
export interface Failure {
  property: string;
  reason: string;
}
