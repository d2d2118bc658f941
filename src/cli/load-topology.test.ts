import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { MillraceError } from '../core/errors.ts'
import { loadTopology } from './load-topology.ts'

const streams = join(import.meta.dirname, '../streams/index.ts')
const begun = `import { field, stage, topology } from ${JSON.stringify(streams)}\nconst begun = topology('app').source('in')\n`

describe('loadTopology', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-load-'))
    await writeFile(join(folder, 'broken.ts'), 'export const a = 1\nexport const = 2\n')
  })
  after(() => rm(folder, { recursive: true }))

  const faults: readonly [fault: string, text: string, line: number, says: RegExp][] = [
    ['exports something else', '\nexport default 5\n', 2, /no topology as its default export: it is 5 /],
    ['exports a function', 'export default () => {}\n', 1, /it is a function /],
    ['exports a promise', 'export default Promise.resolve()\n', 1, /it is a promise /],
    ['exports what has no sink yet', `${begun}export default begun\n`, 3, /begins a topology, without \.route\(…\) /],
    ['is no TypeScript', 'const a = {\n  b: 1,,\n}\n', 2, /cannot be loaded: Unexpected token/],
    ['needs more than type stripping', '\nenum A { B }\n', 2, /cannot be loaded: TypeScript enum/],
    ['asks a module for what it does not export', "import { no } from 'node:fs'\n", 1, /does not provide an export/],
    ['fails while it runs', 'const a: any = undefined\na.b\n', 2, /cannot be loaded: Cannot read properties/],
  ]
  for (const [at, [fault, text, line, says]] of faults.entries()) {
    it(`names file and line of one that ${fault}`, async () => {
      const file = join(folder, `fault-${at}.ts`)
      await writeFile(file, text)

      const error = await failureOf(file)

      assert.equal(error.code, 'CONFIG_INVALID_MODULE')
      assert.match(error.message, says)
      assert.ok(error.message.endsWith(`(${file}:${line})`), error.message)
    })
  }

  it('names file and line of JavaScript that cannot be compiled', async () => {
    const file = join(folder, 'syntax.mjs')
    await writeFile(file, '\n\nconst = 4\n')

    assert.ok((await failureOf(file)).message.endsWith(`Unexpected token '=' (${file}:3)`))
  })

  it('names the file that is at fault where that is another one', async () => {
    const file = join(folder, 'imports.ts')
    await writeFile(file, "import './broken.ts'\nexport default 1\n")

    assert.ok((await failureOf(file)).message.endsWith(`(${join(folder, 'broken.ts')}:2)`))
  })

  for (const [fault, chain, says] of [
    ['a number for a key', ".correlate('c', 17, { of: ['A', 'B'] })", /the key of "c" is 17, where a field/],
    ['a text for a key', ".correlate('c', 'id', { of: ['A', 'B'] })", /the key of "c" is the text "id", where a field/],
    ['no sides', ".correlate('c', field('id'), {})", /"of" of "c" is undefined, where a list/],
    ['no options', ".correlate('c', field('id'))", /the options of "c" are undefined, where an object/],
    [
      'a number for a topic',
      ".correlate('c', field('id'), { of: ['A', 'B'] }).sink('s', { topic: 5 })",
      /the topic of "s" is 5/,
    ],
  ] as const) {
    it(`names file and line of ${fault}`, async () => {
      const file = join(folder, `${fault.replaceAll(' ', '-')}.ts`)
      await writeFile(
        file,
        `${begun}const two = { A: stage(), B: stage() }\n;(begun.route('r', field('s'), two) as any)${chain}\n`,
      )

      const error = await failureOf(file)

      assert.equal(error.code, 'TOPOLOGY_INVALID')
      assert.match(error.message, says)
      assert.ok(error.message.endsWith(`(${file}:4)`), error.message)
    })
  }

  for (const [fault, route, says] of [
    ['a text to route by', "'stage', {}", /what "r" chooses stages by is the text "stage", where a field/],
    [
      'a function among the stages',
      "field('s'), { A: (v: unknown) => v }",
      /stage "A" of "r" is a function, where a stage/,
    ],
    [
      'a text for a part',
      "field('s'), { A: stage({ part: 'part' as any }) }",
      /the part of a stage is the text "part"/,
    ],
  ] as const) {
    it(`names file and line of ${fault}`, async () => {
      const file = join(folder, `${fault.replaceAll(' ', '-')}.ts`)
      await writeFile(file, `${begun}\n;(begun as any).route('r', ${route})\n`)

      const error = await failureOf(file)

      assert.equal(error.code, 'TOPOLOGY_INVALID')
      assert.match(error.message, says)
      assert.ok(error.message.endsWith(`(${file}:4)`), error.message)
    })
  }
})

async function failureOf(file: string): Promise<MillraceError> {
  try {
    await loadTopology(file)
  } catch (error) {
    return error as MillraceError
  }
  throw new Error(`${file} was loaded`)
}
