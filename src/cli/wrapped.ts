/** Any terminal has as many columns. */
const columnsMax = 80

/**
 * A text in lines of 80 columns at most, as long as its words allow.
 *
 * @param left - Before each line but the first.
 * @param first - Before the first one.
 */
export function wrapped(text: string, left = '', first = left): string {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > columnsMax) {
      lines.push(line)
      line = left
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].join('\n')
}
