import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A fault in the code, by the text that it replaces. */
export interface Bug {
  /** In `src`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

const project = resolve(import.meta.dirname, '../..')

/** Copies of the layer `state`, with what it stands on, each with a fault. */
export class PlantedLayers {
  readonly #copies: string

  constructor() {
    // Within the project, where packages are found.
    mkdirSync(join(project, '.cache'), { recursive: true })
    this.#copies = mkdtempSync(join(project, '.cache/planted-'))
  }

  /** The address of a copy; without a fault where there is none. */
  plant(name: string, bug: Bug | undefined): string {
    const folder = join(this.#copies, name.replaceAll(' ', '-'))
    for (const layer of ['core', 'kernel', 'state'])
      cpSync(join(project, 'src', layer), join(folder, layer), { recursive: true })
    if (bug !== undefined) {
      const path = join(folder, bug.file)
      const [before, after, ...others] = readFileSync(path, 'utf8').split(bug.from)
      assert.ok(after !== undefined && others.length === 0, `the text of "${name}" stands once in ${bug.file}`)
      writeFileSync(path, before + bug.to + after)
      if (bug.file.startsWith('kernel/assembly/')) compile(join(folder, 'kernel'))
    }
    return pathToFileURL(join(folder, 'state/index.ts')).href
  }

  remove(): void {
    rmSync(this.#copies, { recursive: true })
  }
}

function compile(kernel: string): void {
  const script = join(project, 'tools/wasm.ts')
  execFileSync(process.execPath, [script, '--kernel', kernel, '--module', 'rows-shared'], { stdio: 'inherit' })
}
