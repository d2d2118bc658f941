import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { seededRandom, systemRandom } from '../../src/core/random.ts'
import type { Topology } from '../../src/streams/index.ts'
import type { driveTopology } from '../../src/testing/index.ts'
import { actorPrograms } from '../examples/actor-programs.ts'
import { examples } from '../examples/all.ts'
import { drive } from '../examples/drive.ts'
import { compare } from '../examples/model.ts'
import { placeRecords } from '../examples/placed-records.ts'
import { sinkOf } from '../examples/renamed.ts'
import { suiteStack } from '../at-end.ts'
import { InstalledPackage } from './installed-package.ts'
import { run } from './packed-package.ts'

const groupCount = 200
const partitions = 2

describe('the examples that the package carries', () => {
  let home: InstalledPackage
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage(['avsc', 'protobufjs', '@msgpack/msgpack']))
    mkdirSync(join(home.path, 'examples/actors'), { recursive: true })
    writeFileSync(join(home.path, 'package.json'), '{"type":"module"}')
    writeFileSync(join(home.path, 'drive.ts'), `export { driveTopology } from 'millrace/testing'`)
  })

  for (const example of examples)
    it(`do what their models say in a program that has copied them: ${example.name}`, async (t) => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
      t.diagnostic(`MILLRACE_SEED=${seed} repeats it`)
      const random = seededRandom(seed)
      const groups = example.draw(random, groupCount)
      const placed = placeRecords(groups, partitions, random)
      const topology = await copied(example.name)
      const packed = await imported<{ driveTopology: typeof driveTopology }>('drive.ts')

      const found = await drive({ ...example, topology }, placed, partitions, packed.driveTopology)

      assert.deepEqual(compare(groups, placed, sinkOf(topology), found), { missing: [], surplus: [] })
    })

  for (const [name, lines] of Object.entries(actorPrograms))
    it(`print what they did in a program that has copied them: ${name}`, () => {
      const file = copy(`actors/${name}.ts`)
      assert.deepEqual(run(process.execPath, [file], home.path).split('\n'), [...lines, ''])
    })

  /** The topology of a copy that imports the package by its name. */
  async function copied(name: string): Promise<Topology> {
    return (await imported<{ default: Topology }>(copy(`${name}.ts`))).default
  }

  /** @returns the path of the copy. */
  function copy(file: string): string {
    const text = readFileSync(join(home.installed, 'examples', file), 'utf8')
    const path = join('examples', file)
    const byName = text.replaceAll(/'(?:\.\.\/)+src\/doors\/(\w+)\.ts'/g, (_, door: string) =>
      door === 'millrace' ? `'millrace'` : `'millrace/${door}'`,
    )
    writeFileSync(join(home.path, path), byName)
    return path
  }

  function imported<Module>(path: string): Promise<Module> {
    return import(pathToFileURL(join(home.path, path)).href) as Promise<Module>
  }
})
