/** A page of `docs/` that `tools/docs.ts` writes. */
export function page(title: string, introduction: string, sections: string[]): string {
  const origin = '<!-- Written by tools/docs.ts from tables of the code: change those, then `npm run docs`. -->'
  return [`# ${title}\n`, `${origin}\n`, `${introduction}\n`, ...sections].join('\n')
}

export function table(head: string[], rows: string[][]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}
