import type { Layout } from '../streams/index.ts'

/**
 * That a program did not begin at offset 0.
 *
 * @param before - The layout that has consumed what is before.
 */
export function beforeStartText(partition: string, offset: number, before: Layout | undefined): string {
  const fate = before === undefined ? 'never consumed' : `consumed in the layout ${before}, which the program has left`
  return `${partition}: what is before offset ${offset} is before the start, and was ${fate}`
}
