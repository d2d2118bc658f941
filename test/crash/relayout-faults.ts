/** Customers whose parts of one side are dead letters as long as the program is not mended. */
export function isFaulty(id: number): boolean {
  return id % 75 === 0
}

/** Others, whose merges are, as long as their parts of the side C may be. */
export function isFaultyMerge(id: number): boolean {
  return id % 75 === 1
}
