import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { project } from '../package/packed-package.ts'

/** A file that a page shows: a block of code that begins with its name. */
export interface PageFile {
  readonly name: string
  readonly text: string
}

/** The files of a page, or of a part of it. */
export function pageFiles(text: string): readonly PageFile[] {
  const blocks = [...text.matchAll(/^```[jt]s\n\/\/ ([\w.-]+)\n(.*?)^```$/gms)]
  return blocks.map(([, name, body]) => ({ name: name!, text: body! }))
}

/** A page by its path in the repository, and its parts by their headings of the second level; the first has ''. */
export function readPage(path: string): { readonly text: string; readonly parts: ReadonlyMap<string, string> } {
  const text = readFileSync(join(project, path), 'utf8')
  const [first, ...others] = text.split(/^## /m)
  const parts = others.map((part): [string, string] => [part.slice(0, part.indexOf('\n')), part])
  return { text, parts: new Map([['', first!], ...parts]) }
}

/** Writes files into a folder, which need not be there. */
export function writeFiles(folder: string, files: readonly PageFile[]): void {
  for (const { name, text } of files) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
