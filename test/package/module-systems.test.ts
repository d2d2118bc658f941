import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { suiteStack } from '../at-end.ts'
import { InstalledPackage } from './installed-package.ts'
import { environment, run } from './packed-package.ts'

const strict = '--strict --skipLibCheck false --target es2024 --lib es2024,esnext.disposable --types node'

describe('a program in CommonJS', () => {
  let home: InstalledPackage
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage())
    cpSync(join(import.meta.dirname, 'fixtures/program.cts'), join(home.path, 'program.cts'))
  })

  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ])
    it(`compiles with module ${module} and moduleResolution ${resolution}`, () => {
      const options = `--noEmit ${strict} --module ${module} --moduleResolution ${resolution} program.cts`

      assert.equal(run('tsc', options.split(' '), home.path), '')
    })

  it('runs once it is compiled', () => {
    run('tsc', `${strict} --module node16 --moduleResolution node16 program.cts`.split(' '), home.path)

    assert.equal(run('node', ['program.cjs'], home.path), 'object http: undefined function\nTOPOLOGY_INVALID true\n')
  })
})

describe('a program that stands on the command line', () => {
  it('runs as one in a file does, with its threads', () => {
    using home = new InstalledPackage()
    const program = `
      import { field, start, topology } from 'millrace'
      import { startBroker } from 'millrace/broker'
      await using broker = await startBroker({ topics: [{ name: 'orders' }, { name: 'payments' }, { name: 'paid' }] })
      const paid = topology('paid').source('orders').side('order').source('payments').side('payment')
        .correlate('by-id', field('id'), { of: ['order', 'payment'] }).sink('paid')
      await using app = await start(paid, { bootstrapServers: broker.bootstrapServers })
      await app.caughtUp
      console.log(app.role)`

    assert.equal(run('node', ['--input-type=module', '--eval', program], home.path), 'active\n')
  })
})

describe('a Node.js that is too old', () => {
  let home: InstalledPackage
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage())
    writeFileSync(
      join(home.path, 'old.cjs'),
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`,
    )
  })

  const ways: Record<string, readonly string[]> = {
    'an import': ['--input-type=module', '--eval', `import 'millrace'`],
    'an import of the tests': ['--input-type=module', '--eval', `import 'millrace/testing'`],
    'a require': ['--input-type=commonjs', '--eval', `require('millrace')`],
    'the command': ['node_modules/millrace/dist/cli/main.js', 'run', 'program.ts'],
  }
  for (const [way, args] of Object.entries(ways))
    it(`is told which one is needed, by ${way}`, () => {
      assertRefused('node', ['--require', './old.cjs', ...args])
    })

  // That it gets so far on one that is old shows only on one that is.
  for (const node of ['/usr/bin/node', '/usr/local/bin/node'].filter(isTooOld))
    it(`is told so by ${node} itself`, () => {
      for (const args of [ways['an import']!, ways['an import of the tests']!, ways['the command']!])
        assertRefused(node, args)
    })

  function assertRefused(node: string, args: readonly string[]): void {
    const { status, stderr } = spawnSync(node, args, { cwd: home.path, encoding: 'utf8', env: environment })

    assert.equal(status === 0, false)
    assert.match(stderr, /Millrace needs Node\.js 24\.6\.0 or newer, and this is 20\.\d+\.\d+/)
  }

  function isTooOld(node: string): boolean {
    return existsSync(node) && run(node, ['--version'], import.meta.dirname).startsWith('v20.')
  }
})
