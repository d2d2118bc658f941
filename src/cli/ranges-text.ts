/** Numbers in ascending order, those in a row as a range: `0-3, 7`. */
export function rangesText(numbers: readonly number[]): string {
  const texts: string[] = []
  let from = 0
  for (const [at, number] of numbers.entries()) {
    if (numbers[at + 1] === number + 1) continue
    texts.push(from === at ? `${number}` : `${numbers[from]}-${number}`)
    from = at + 1
  }
  return texts.join(', ')
}
