/** That a program did not begin at offset 0. */
export function beforeStartText(partition: string, offset: number): string {
  return `${partition}: what is before offset ${offset} is before the start, and was never consumed`
}
