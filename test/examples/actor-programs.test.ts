import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { project, run } from '../package/packed-package.ts'
import { actorPrograms } from './actor-programs.ts'

const folder = join(project, 'examples/actors')

describe('the programs of examples/actors', () => {
  it('are all run', () => {
    assert.deepEqual(
      Object.keys(actorPrograms)
        .map((name) => `${name}.ts`)
        .sort(),
      readdirSync(folder).sort(),
    )
  })

  for (const [name, lines] of Object.entries(actorPrograms))
    it(`print what they did: ${name}`, () => {
      assert.deepEqual(run(process.execPath, [join(folder, `${name}.ts`)], folder).split('\n'), [...lines, ''])
    })
})
