import assert from 'node:assert/strict'
import { globSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { suiteStack } from '../at-end.ts'
import { InstalledPackage } from '../package/installed-package.ts'
import { project, run } from '../package/packed-package.ts'
import { pageFiles, readPage, writeFiles } from './page-files.ts'

/** It needs packages that this checkout does not have: see `frameworks.test.ts`. */
const withFrameworks = 'frameworks.md'

describe('the pages of docs/how-to, and that of windows', () => {
  const found = globSync(['docs/how-to/*.md', 'docs/windows.md'], { cwd: project })
  const pages = found.filter((page) => basename(page) !== withFrameworks)
  let home: InstalledPackage
  let files: readonly string[]
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage())
    writeFileSync(join(home.path, 'package.json'), '{"type":"module"}')
    files = pages.flatMap((page) => writePage(page))
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
    assert.match(run('node', ['--test', ...tests], home.path), /^ℹ pass 6$/m)
  })

  /** Writes the TypeScript of a page into a folder of its own. */
  function writePage(page: string): readonly string[] {
    const folder = basename(page, '.md')
    const shown = pageFiles(readPage(page).text).filter(({ name }) => name.endsWith('.ts'))
    writeFiles(join(home.path, folder), shown)
    return shown.map(({ name }) => join(folder, name))
  }
})
