/** A page of `docs/` that `tools/docs.ts` writes. */
export function page(title: string, introduction: string, sections: string[]): string {
  const origin = '<!-- Written by tools/docs.ts from tables of the code: change those, then `npm run docs`. -->'
  const introduced = introduction.split('\n\n').map(paragraph).join('\n\n')
  return [`# ${title}\n`, `${origin}\n`, `${introduced}\n`, ...sections].join('\n')
}

const widthMax = 120

/** A paragraph in lines of at most 120 columns; code is not broken. */
export function paragraph(text: string): string {
  const lines: string[] = []
  for (const [word] of text.matchAll(/(?:`[^`]*`|[^\s`])+/g)) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= widthMax) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join('\n')
}

export function table(head: string[], rows: string[][]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}
