import type { GivenRecord, Group } from '../examples/example.ts'

/** Records of so many groups are mixed, so that none comes after the last one. */
const mixed = 100

/** Groups of records with times, and a last record, which has the time go on after all of them. */
export function groupsInTime(count: number, draw: (at: number) => Group, last: GivenRecord): Group[] {
  const outcomes = [{ merged: [], deadLetters: [] }]
  return [
    ...Array.from({ length: count - mixed - 1 }, (_, at) => draw(at)),
    ...Array.from({ length: mixed }, () => ({ records: [], outcomes })),
    { records: [last], outcomes },
  ]
}
