/** Customers whose parts of one side are dead letters as long as the program is not mended. */
export function isFaulty(id: number): boolean {
  return id % 75 === 0
}
