import assert from 'node:assert/strict'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { suiteStack } from '../at-end.ts'
import { InstalledPackage } from '../package/installed-package.ts'
import { project, run } from '../package/packed-package.ts'

/** It was tried by hand: what it needs is too much to install for each run of the tests. */
const triedByHand = ['frameworks.md']

describe('the pages of docs/how-to', () => {
  const pages = globSync('docs/how-to/*.md', { cwd: project }).filter((page) => !triedByHand.includes(basename(page)))
  let home: InstalledPackage
  let files: readonly string[]
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage())
    writeFileSync(join(home.path, 'package.json'), '{"type":"module"}')
    files = pages.flatMap((page) => writeFiles(page))
  })

  it('have programs that compile, strictly', () => {
    const options =
      '--noEmit --strict --module nodenext --target es2024 --lib es2024,esnext.disposable --types node --allowImportingTsExtensions'

    assert.ok(files.length > 5)
    assert.equal(run('tsc', [...options.split(' '), ...files], home.path), '')
  })

  it('have tests that pass', () => {
    const tests = files.filter((file) => file.endsWith('.test.ts'))

    assert.ok(tests.length > 1)
    assert.match(run('node', ['--test', ...tests], home.path), /^ℹ pass 3$/m)
  })

  /** Writes the files of a page, each of which begins with its name, into a folder of their own. */
  function writeFiles(page: string): readonly string[] {
    const blocks = [...readFileSync(join(project, page), 'utf8').matchAll(/^```ts\n\/\/ ([\w.-]+)\n(.*?)^```$/gms)]
    return blocks.map(([, name, text]) => {
      const folder = basename(page, '.md')
      mkdirSync(join(home.path, folder), { recursive: true })
      writeFileSync(join(home.path, folder, name!), text!)
      return join(folder, name!)
    })
  }
})
