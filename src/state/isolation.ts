/**
 * What a transaction may see of others that run at the same time. None ever sees what is not committed.
 *
 * | level | reads | a commit fails where |
 * |---|---|---|
 * | `readCommitted` | the latest version, at each read | it never does |
 * | `snapshot` | the version at its start | a row that it writes has been changed since |
 * | `serializable` | the version at its start | anything that it has read has been changed since |
 */
export type Isolation = 'readCommitted' | 'snapshot' | 'serializable'

const strengths: Record<Isolation, number> = { readCommitted: 0, snapshot: 1, serializable: 2 }

/** Whether a level promises all that another one does. */
export function isAsStrong(level: Isolation, other: Isolation): boolean {
  return strengths[level] >= strengths[other]
}
