import { isFollowed, type Publication, PUBLISHED, tracedMerge } from '../../kernel/index.ts'
import type { MergeSpans } from './merge-spans.ts'

/** What publishes merges, as `Publication` has it. */
type Publishing = Required<Pick<Publication, 'merge'>> & Pick<Publication, 'hand'>

/** Has spans told of merges whose traces are followed, as they are published, and of what becomes of each. */
export function followed(
  spans: Pick<MergeSpans, 'begin' | 'end'> | undefined,
  { merge, hand }: Publishing,
): Publishing & Pick<Publication, 'trace'> {
  if (spans === undefined) return { merge, hand }
  const told = (outcome: number) => {
    spans.end(outcome)
    return outcome
  }
  return {
    merge(row) {
      if (row.parts.some(isFollowed)) spans.begin(tracedMerge(row.parts), 1)
      return told(merge(row))
    },
    hand: hand && ((record) => told(hand(record))),
    trace(merges, count) {
      spans.begin(merges, count)
      // Else `hand` says what becomes of it.
      if (hand === undefined) spans.end(PUBLISHED)
    },
  }
}
