import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export const project = resolve(import.meta.dirname, '../..')

export interface Example {
  /** What kind of code it is: `ts`, `sh`, `console`, or `text` for a picture. */
  readonly language: string
  readonly text: string
}

/** All blocks of code of README.md, in their order. */
export const examples: readonly Example[] = [
  ...readFileSync(join(project, 'README.md'), 'utf8').matchAll(/^```(?<language>\w*)\n(?<text>.*?)^```$/gms),
].map(({ groups }) => ({ language: groups!['language']!, text: groups!['text']! }))

/** Those that are files: they begin with the file's name. */
export const files = examples.flatMap(({ language, text }) => {
  const [line, name] = /^\/\/ ([\w.-]+\.ts)\n/.exec(text) ?? []
  return language === 'ts' && name !== undefined ? [{ name, text: text.slice(line!.length) }] : []
})

/** Those that are pieces of a topology, by what they begin with. */
export function pieces(beginning: string): readonly string[] {
  return examples
    .filter(({ language, text }) => language === 'ts' && text.startsWith(beginning))
    .map(({ text }) => text)
}

export function inLanguage(wanted: string): readonly string[] {
  return examples.filter(({ language }) => language === wanted).map(({ text }) => text)
}

/** The text of an example, for this checkout in place of the package. */
export function forCheckout(text: string): string {
  const door = (name: string) => pathToFileURL(join(project, 'src/doors', `${name}.ts`)).href
  return text
    .replaceAll(`'millrace'`, `'${door('millrace')}'`)
    .replaceAll(/'millrace\/(\w+)'/g, (_, subpath: string) => `'${door(subpath)}'`)
}

/** A folder for files of examples, until disposed. */
export class ExampleFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-readme-'))

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), forCheckout(text))
  }

  /** What a file of it exports. */
  import(name: string): Promise<unknown> {
    return import(pathToFileURL(join(this.path, name)).href)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}
