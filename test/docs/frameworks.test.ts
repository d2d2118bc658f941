import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { suiteStack } from '../at-end.ts'
import { patientAdmin } from '../integration/patient-admin.ts'
import { readTopic } from '../integration/read-topic.ts'
import { produce } from '../integration/target.ts'
import { unusedPort } from '../kafka-peer/index.ts'
import { InstalledPackage } from '../package/installed-package.ts'
import { run } from '../package/packed-package.ts'
import { until } from '../until.ts'
import { frameworks, installedFrameworks } from './frameworks/installed.ts'
import { ServerProcess } from './frameworks/server-process.ts'
import { pageFiles, readPage, writeFiles } from './page-files.ts'

const compiled =
  '--strict --module nodenext --target es2024 --lib es2024,esnext.disposable --types node --skipLibCheck --rewriteRelativeImportExtensions'.split(
    ' ',
  )

describe('the recipes for frameworks', () => {
  let home: InstalledPackage
  const stack = suiteStack()
  before(() => {
    home = stack.use(new InstalledPackage(Object.keys(frameworks), installedFrameworks()))
  })

  const recipes = readPage('docs/how-to/frameworks.md')
  const tests = readPage('docs/how-to/tests.md')
  const program = pageFiles(tests.parts.get('')!)

  /** Writes the files of a recipe into a folder of ES modules. */
  function folder(name: string, files: Parameters<typeof writeFiles>[1]): string {
    const path = join(home.path, name.toLowerCase())
    writeFiles(path, [{ name: 'package.json', text: '{"type":"module"}' }, ...program, ...files])
    return path
  }

  it('are for one program, and name the versions that are tried', () => {
    assert.deepEqual(pageFiles(recipes.parts.get('')!), program)
    for (const [text, name, version] of [
      [tests.text, 'Jest', frameworks['jest']],
      [tests.text, 'Vitest', frameworks['vitest']],
      [recipes.text, 'Fastify', frameworks['fastify']],
      [recipes.text, 'NestJS', frameworks['@nestjs/core']],
    ] as const)
      assert.match(text, new RegExp(`\\b${name} ${version!.replaceAll('.', '\\.')}\\b`))
  })

  for (const [name, script, args] of [
    ['Vitest', 'vitest/vitest.mjs', ['run', '--reporter=json', '--outputFile=report.json']],
    ['Jest', 'jest/bin/jest.js', ['--json', '--outputFile=report.json']],
  ] as const)
    it(`run the tests of the page with ${name}`, () => {
      const part = tests.parts.get(name)!
      const theirs = /`(import \{ it \} from '.*?')`/.exec(part)![1]!
      const asTold = pageFiles(tests.parts.get('node:test')!).map((file) => ({
        ...file,
        text: file.text.replace(`import { it } from 'node:test'`, theirs),
      }))
      const path = folder(name, [...asTold, ...pageFiles(part)])
      const [, ...options] = /`NODE_OPTIONS=(\S+) /.exec(part) ?? []

      run('node', [...options, join(home.path, 'node_modules', script), ...args], path)

      const report = JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')) as Record<string, number>
      const { numPassedTests, numTotalTests } = report
      assert.deepEqual([numPassedTests, numTotalTests], [2, 2])
    })

  for (const [name, stopped, main, decorators] of [
    ['Fastify', [0, null], 'main.ts', []],
    ['NestJS', [null, 'SIGTERM'], 'main.js', ['--experimentalDecorators', '--emitDecoratorMetadata']],
  ] as const)
    describe(name, () => {
      let path: string
      let port: number
      let broker: Broker
      let kafka: Kafka
      const brokerStack = suiteStack()
      before(async () => {
        port = await unusedPort()
        const files = pageFiles(recipes.parts.get(name)!)
        path = folder(
          name,
          files.map((file) => ({ ...file, text: file.text.replace('8080', String(port)) })),
        )
        assert.equal(run('tsc', [...compiled, ...decorators, 'main.ts'], path), '')
        broker = brokerStack.use(
          await startBroker({ topics: [{ name: 'orders' }, { name: 'payments' }, { name: 'paid-orders' }] }),
        )
        kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
      })

      it('correlates in the process of the server, and stops with it', async () => {
        await using server = await ServerProcess.start(path, main, port, broker.bootstrapServers)
        for (const [topic, value] of [
          ['orders', '{"orderId":"o-1","cents":900}'],
          ['payments', '{"orderId":"o-1","method":"card"}'],
        ] as const)
          await produce(kafka, topic, [{ value }])
        await until('the order is merged', async () => {
          return (await readTopic(broker.bootstrapServers, 'paid-orders')).length > 0
        })
        if (name === 'Fastify') {
          const { published } = JSON.parse(await server.ask('/orders/o-1')) as { published: readonly unknown[] }
          assert.equal(published.length, 1)
        }

        assert.deepEqual(await server.endBy('SIGTERM'), stopped)
        const admin = await patientAdmin(kafka)
        const { groups } = await admin.describeGroups(['paid-orders'])
        await admin.disconnect()
        assert.equal(groups[0]!.members.length, 0)
      })

      it('ends the process where the program fails', async () => {
        await using server = await ServerProcess.start(path, main, port, broker.bootstrapServers)
        const admin = await patientAdmin(kafka)
        await admin.deleteTopics({ topics: ['orders'] })
        await admin.disconnect()

        assert.deepEqual(await server.ended, [1, null])
        assert.match(server.printed, /KAFKA_TOPIC_MISSING/)
        assert.doesNotMatch(server.printed, /uncaught|^Node\.js v/im)
      })
    })
})
