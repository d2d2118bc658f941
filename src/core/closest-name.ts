/**
 * The name that `name` was probably meant to be, or `undefined` where none is near: at most a third of its letters, and
 * at least two, may be wrong, or it may be the beginning of exactly one.
 */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const beginnings = names.filter((candidate) => candidate.startsWith(name))
  if (beginnings.length === 1) return beginnings[0]
  const distanceMax = Math.max(2, Math.floor(name.length / 3))
  const nearest = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return nearest !== undefined && nearest.distance <= distanceMax ? nearest.candidate : undefined
}

/** What to tell who has given a name that is none of these. */
export function adviceOn(name: string, names: readonly string[]): { readonly meant?: string; readonly advice: string } {
  const meant = closestName(name, names)
  return meant === undefined ? { advice: `there are ${names.join(', ')}` } : { meant, advice: `did you mean ${meant}?` }
}

/** How many letters must be added, removed or replaced. @see Wagner and Fischer, 1974 */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
