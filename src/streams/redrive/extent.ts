/**
 * Of which records a dead letter is that a flatMap makes of one: of the one at its index; or of that one and the rest
 * after it, where the record died before the flatMap had made them.
 */
export type Extent = 'one' | 'rest'

/** A letter of a source; of one without a flatMap it has neither. */
interface Extended {
  readonly index?: number
  readonly extent?: Extent
}

/** Whether a letter is of the record that a flatMap makes at an index. */
export function covers({ index = 0, extent = 'rest' }: Extended, at: number): boolean {
  return extent === 'one' ? at === index : at >= index
}
