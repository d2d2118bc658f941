import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'

const project = resolve(import.meta.dirname, '..')

describe('the lint gate', () => {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-layers-'))
  for (const path of ['oxlint.config.ts', 'package.json', 'tsconfig.json', 'tools/layers.ts'])
    cpSync(join(project, path), join(copy, path))
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'))
  after(() => rmSync(copy, { recursive: true }))

  it('lets through imports that the layer table allows', () => {
    const complaints = lint({
      'src/kafka/index.ts': `export { first } from './codec/first.ts'`,
      'src/kafka/codec/first.ts': `import { base } from '../../core/base.ts'\nexport const first = base`,
      'src/core/base.ts': `export const base = 1`,
      'src/broker/server.ts': `import { first } from '../kafka/index.ts'\nexport const second = first`,
      'src/broker/server.test.ts': `import { third } from '../testing/index.ts'\nexport const fourth = third`,
      'src/testing/index.ts': `export const third = 3`,
      'test/contract.ts': `import { first } from '../src/kafka/index.ts'\nexport const fifth = first`,
    })

    assert.deepEqual(complaints, [])
  })

  it('lets the rooms of epochs and of recovery import what says the order of their steps', () => {
    const complaints = lint({
      'src/streams/epochs/participants.ts': `export const order = 1`,
      'src/streams/recovery/program-state.ts': `import { order } from '../epochs/participants.ts'\nexport const first = order`,
    })

    assert.deepEqual(complaints, [])
  })

  const forbidden = {
    'the order of participants from an operator': {
      'src/streams/operators/bad.ts': `export { inOrder } from '../epochs/participants.ts'`,
    },
    'a step of recovery from an operator': {
      'src/streams/operators/bad.ts': `import type { Restoration } from '../recovery/restoration.ts'\nexport type { Restoration }`,
    },
    'a step of recovery from the standby': {
      'src/streams/standby/bad.ts': `export { stateAfter } from '../recovery/state-after.ts'`,
    },
    'the last step of an epoch from its own room': {
      'src/streams/checkpoint/bad.ts': `export { ManifestWriter } from './../checkpoint/manifest-writer.ts'`,
    },
    'a layer that the table does not allow': {
      'src/kernel/bad.ts': `import { x } from '../kafka/index.ts'\nexport { x }`,
    },
    'anything at all from core': { 'src/core/bad.ts': `import { x } from '../kernel/index.ts'\nexport { x }` },
    'a forbidden layer from a nested folder': {
      'src/broker/handlers/bad.ts': `import type { x } from '../../actors/index.ts'\nexport type { x }`,
    },
    'a file behind the index of an allowed layer': { 'src/kafka/bad.ts': `export { x } from '../kernel/hash.ts'` },
    'a file behind an index from a unit test': { 'src/kafka/bad.test.ts': `export { x } from '../streams/options.ts'` },
    'a file behind an index from test/': { 'test/bad.ts': `export { x } from '../src/streams/options.ts'` },
    'the experiment from the library': {
      'src/doors/bad.ts': `export { x } from '../cli/experiment/index.ts'`,
    },
    'the kernel from the verifier of the experiment': {
      'src/cli/experiment/records/bad.ts': `export { x } from '../../../kernel/index.ts'`,
    },
    'the command line from the verifier of the experiment': {
      'src/cli/experiment/records/bad.ts': `export { x } from '../../output.ts'`,
    },
    'the options of the experiment from its verifier': {
      'src/cli/experiment/records/bad.ts': `export { x } from '../options.ts'`,
    },
  }
  for (const [title, files] of Object.entries(forbidden)) {
    it(`refuses ${title}`, () => {
      const complaints = lint(files)

      assert.deepEqual(complaints, [`eslint(no-restricted-imports) ${Object.keys(files)[0]}`])
    })
  }

  it('refuses a cycle, also one of types alone', () => {
    const complaints = lint({
      'src/kernel/left.ts': `import type { Right } from './right.ts'\nexport type Left = Right[]`,
      'src/kernel/right.ts': `import type { Left } from './left.ts'\nexport interface Right { left: Left }`,
    })

    assert.deepEqual(complaints, ['import(no-cycle) src/kernel/left.ts', 'import(no-cycle) src/kernel/right.ts'])
  })

  it('refuses a cycle among files of AssemblyScript, whose imports have no suffix', () => {
    const complaints = lint({
      'src/kernel/assembly/table.ts': `import { sweep } from './sweep'\nexport const table: u32 = sweep`,
      'src/kernel/assembly/sweep.ts': `import { table } from './table'\nexport const sweep: u32 = table`,
    })

    assert.deepEqual(complaints, [
      'import(no-cycle) src/kernel/assembly/sweep.ts',
      'import(no-cycle) src/kernel/assembly/table.ts',
    ])
  })

  it('refuses a promise that nobody waits for', () => {
    const complaints = lint({ 'src/core/bad.ts': `export function start() {\n  Promise.resolve(1)\n}` })

    assert.deepEqual(complaints, ['typescript(no-floating-promises) src/core/bad.ts'])
  })

  /** Lints the copy with these files in it and nothing else; each complaint is its rule and file. */
  function lint(files: Record<string, string>): string[] {
    rmSync(join(copy, 'src'), { recursive: true, force: true })
    rmSync(join(copy, 'test'), { recursive: true, force: true })
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(copy, path)), { recursive: true })
      writeFileSync(join(copy, path), `${text}\n`)
    }
    const { stdout, stderr } = spawnSync('oxlint', ['--format', 'json', ...Object.keys(files)], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(project, 'node_modules/.bin')}:${process.env['PATH']}` },
    })
    assert.ok(stdout.startsWith('{'), `oxlint did not run: ${stdout}${stderr}`)
    const report: { diagnostics: { code: string; filename: string }[] } = JSON.parse(stdout)
    return [...new Set(report.diagnostics.map(({ code, filename }) => `${code} ${filename}`))].sort()
  }
})
