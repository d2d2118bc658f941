import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

const project = resolve(import.meta.dirname, '../..')

/** An expression of an example, and what it must be. */
interface Claim {
  readonly expression: string
  readonly actual: unknown
  readonly expected: unknown
}

// All examples of the page are one program: a line that ends in `// => value` claims what its expression is. One with
// the name of a file is a program of its own.
describe('The examples of docs/tables.md', () => {
  const folder = join(project, '.cache', `examples-${process.pid}`)
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('run, and give what they say', async () => {
    const page = readFileSync(join(project, 'docs/tables.md'), 'utf8')
    const examples = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!)
    mkdirSync(folder, { recursive: true })
    for (const [, name, code] of page.matchAll(/^```ts (\S+)\n(.*?)^```$/gms))
      writeFileSync(join(folder, name!), onSource(code!))
    const program = examples
      .join('\n')
      .replaceAll(/^(.+) \/\/ => (.+)$/gm, (_, expression: string, expected: string) => {
        return `;claims.push({ expression: ${JSON.stringify(expression)}, actual: ${expression}, expected: ${expected} })`
      })
    writeFileSync(join(folder, 'tables.ts'), `export const claims: unknown[] = []\n${onSource(program)}`)

    const { claims } = (await import(pathToFileURL(join(folder, 'tables.ts')).href)) as { claims: Claim[] }

    assert.equal(claims.length, [...page.matchAll(/ \/\/ => /g)].length)
    for (const { expression, actual, expected } of claims) assert.deepEqual(actual, expected, expression)
  })
})

/** With the package's sources in place of the package. */
function onSource(code: string): string {
  return code.replaceAll(
    /'millrace(?:\/(\w+))?'/g,
    (_, door = 'millrace') => `'${pathToFileURL(join(project, 'src/doors', door)).href}.ts'`,
  )
}
