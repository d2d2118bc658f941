import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { page } from './markdown.ts'

const introduction = `One word for one idea, in these pages, in messages, metrics and code.`

/** `docs/glossary.md`, from the glossary of CONTRIBUTING.md, without the words that are not used any more. */
export function glossaryPage(): string {
  const contributing = readFileSync(join(import.meta.dirname, '../CONTRIBUTING.md'), 'utf8')
  const [, glossary] = /^## Glossary\n(.*?)^## /ms.exec(contributing)!
  const rows = [...glossary!.matchAll(/^\| (.+?) \| (.+?) \|.*\|$/gm)].map(([, term, meaning]) => [term!, meaning!])
  const table = [...rows.slice(0, 1), ['---', '---'], ...rows.slice(1)]
  return page('Glossary', introduction, [`${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`])
}
