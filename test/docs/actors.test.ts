import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

const project = resolve(import.meta.dirname, '../..')
const doors = pathToFileURL(join(project, 'src/doors')).href

describe('docs/actors.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  after(() => rmSync(folder, { recursive: true }))

  it('has examples that run, one after the other, and do what they say', async () => {
    const page = readFileSync(join(project, 'docs/actors.md'), 'utf8')
    const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!)
    const program = join(folder, 'actors.ts')
    const forTests = (code: string) => code.replaceAll(/'millrace\/(\w+)'/g, `'${doors}/$1.ts'`)
    for (const [, name, code] of page.matchAll(/^```ts (\S+)\n(.*?)^```$/gms))
      writeFileSync(join(folder, name!), forTests(code!))
    const lines = [`import assert from 'node:assert/strict'`, ...examples, `export const count = ${examples.length}`]
    writeFileSync(program, forTests(lines.join('\n')))

    const { count } = (await import(pathToFileURL(program).href)) as { count: number }

    assert.ok(count > 2)
  })
})
