import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MillraceError } from '../../src/core/errors.ts'
import { audit, checkTopics, explain, redrive, reset } from '../../src/streams/index.ts'
import { customers, customerTopology, mergesOf, record, valuesOf } from '../integration/customers.ts'
import { keyedPartitions, keyedRecords, keyedTopology } from '../integration/keyed-topology.ts'
import { committed, startQuietly } from '../integration/run.ts'
import { createStream, type Stream } from '../integration/target.ts'
import { type AuthorizedBroker, onEachAuthorizedBroker, type User } from './authorized-broker.ts'
import { documentedRights, type Grant, grantsIn } from './documented-rights.ts'

onEachAuthorizedBroker(suite)

function suite(broker: AuthorizedBroker): void {
  const startAs = (user: User, stream: Stream) => {
    const { bootstrapServers, sasl } = broker.settingsOf(user)
    return startQuietly(customerTopology(stream), bootstrapServers, { sasl })
  }
  const createOwnTopics = async (stream: Stream) => {
    await stream.createDeadLetterTopic({})
    await stream.createCheckpointTopic({})
  }
  /** A program that has merged a customer, has a dead letter, and waits for another part. */
  const runOnce = async (stream: Stream) => {
    await stream.produce([...customers(1), { value: 'no JSON' }, record('A', 7)])
    await stream.run(customerTopology(stream))
  }

  describe('a program with exactly the rights of docs/security.md', () => {
    it('runs, writes dead letters, stands by and takes over', async () => {
      const stream = await createStream(broker)
      await createOwnTopics(stream)
      await broker.grant('runner', documentedRights('run', namesOf(stream)))
      await stream.produce([...customers(10), { value: 'no JSON' }])

      await using active = await startAs('runner', stream)
      await active.caughtUp
      await using standby = await startAs('runner', stream)
      assert.equal(standby.role, 'standby')
      await active.stop()
      await stream.produce([record('A', 10), record('B', 10)])
      await committed(standby, 2)

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(11))
      assert.equal((await stream.deadLetters()).length, 1)
    })

    it('creates its own topics', async () => {
      const stream = await createStream(broker)
      const rights = ['run', 'create'].flatMap((purpose) => documentedRights(purpose, namesOf(stream)))
      await broker.grant('creator', rights)
      await stream.produce(customers(3))

      await using app = await startAs('creator', stream)
      await app.caughtUp

      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(3))
    })

    it('is audited', async () => {
      const stream = await createStream(broker)
      await runOnce(stream)
      await broker.grant('auditor', documentedRights('audit', namesOf(stream)))

      const report = await audit({ ...broker.settingsOf('auditor'), app: stream.app })

      assert.equal(report.verdict, 'proved')
    })

    it('is audited where its members share the work, by the checkpoints of its tasks', async () => {
      const stream = await createStream(broker, { sourcePartitions: keyedPartitions })
      await stream.produce(keyedRecords(['A', 'B', 'C'], 0, 5))
      await stream.run(keyedTopology(stream))
      const names = { ...namesOf(stream), 'customer-360.checkpoint': `${stream.app}.tasks` }
      await broker.grant('auditor', documentedRights('audit', names))

      const report = await audit({ ...broker.settingsOf('auditor'), app: stream.app })

      assert.equal(report.verdict, 'proved')
    })

    it('is explained', async () => {
      const stream = await createStream(broker)
      await runOnce(stream)
      await broker.grant('explainer', documentedRights('explain', namesOf(stream)))

      const question = { ...broker.settingsOf('explainer'), app: stream.app }
      const { published } = await explain({ ...question, key: '0' })
      const { pending } = await explain({ ...question, key: '7' })

      assert.equal(published.length, 1)
      assert.deepEqual(pending?.missing, ['B'])
    })

    it('has its dead letters redriven, audited and explained', async () => {
      const stream = await createStream(broker)
      await createOwnTopics(stream)
      await runOnce(stream)
      for (const purpose of ['run', 'redriven'])
        await broker.grant('runner', documentedRights(purpose, namesOf(stream)))
      await broker.grant('redriver', documentedRights('redrive', namesOf(stream)))
      for (const purpose of ['audit', 'redriven'])
        await broker.grant('auditor', documentedRights(purpose, namesOf(stream)))

      const { redriven } = await redrive({ ...broker.settingsOf('redriver'), app: stream.app })
      await using app = await startAs('runner', stream)
      await app.caughtUp

      assert.equal(redriven, 1)
      assert.equal((await stream.deadLetters()).length, 2)
      assert.equal((await audit({ ...broker.settingsOf('auditor'), app: stream.app })).verdict, 'proved')
    })

    it('starts over', async () => {
      const stream = await createStream(broker)
      await runOnce(stream)
      await broker.grant('resetter', documentedRights('reset', namesOf(stream)))

      const remains = await reset({ ...broker.settingsOf('resetter'), app: stream.app })

      assert.deepEqual(remains, { app: stream.app, group: stream.app, checkpointTopic: stream.checkpointTopic })
      const { groups } = await broker.admin.describeGroups([stream.app])
      assert.equal(groups[0]!.state, 'Dead')
    })
  })

  describe('a start', () => {
    it('without any right tells all that it needs, and creates nothing', async () => {
      const stream = await createStream(broker)

      const missing = await missingIn(startAs('stranger', stream))

      const needed = ['run', 'create'].flatMap((purpose) => documentedRights(purpose, namesOf(stream)))
      assert.deepEqual(sorted(missing), sorted(needed))
      assert.equal((await broker.admin.listTopics()).includes(stream.checkpointTopic), false)
    })

    it('is foretold: which rights are missing, by the commands that grant them, and that nothing is', async () => {
      const stream = await createStream(broker)
      const needed = ['run', 'create'].flatMap((purpose) => documentedRights(purpose, namesOf(stream)))
      const check = () => checkTopics({ ...broker.settingsOf('stranger'), topology: customerTopology(stream) })

      const { isReady, grants } = await check()
      await broker.grant('stranger', needed)
      const granted = await check()
      await broker.revoke('stranger', needed)

      assert.equal(isReady, false)
      assert.deepEqual(sorted(grants.flatMap((command) => grantsIn(command))), sorted(needed))
      assert.deepEqual([granted.isReady, granted.grants], [true, []])
      assert.equal((await broker.admin.listTopics()).includes(stream.checkpointTopic), false)
    })

    it('tells each single right that it lacks, before it joins its group', async () => {
      const stream = await createStream(broker)
      await createOwnTopics(stream)
      const needed = documentedRights('run', namesOf(stream))
      await broker.grant('runner', needed)

      for (const right of needed) {
        await broker.revoke('runner', [right])
        const missing = await missingIn(startAs('runner', stream))
        await broker.grant('runner', [right])
        // Without the right to anything else, a topic cannot even be seen, and may have to be created.
        assert.ok(sorted(missing).includes(textOf(right)), textOf(right))
        assert.ok(
          missing.every(({ resource, name }) => resource === right.resource && name === right.name),
          `${textOf(right)}: ${sorted(missing).join()}`,
        )
      }

      const { groups } = await broker.admin.describeGroups([stream.app])
      assert.equal(groups[0]!.state, 'Dead')
    })
  })

  describe('a program from which a right is withdrawn', () => {
    it('ends with an error that names it, and goes on once it is granted again', async () => {
      const stream = await createStream(broker)
      await createOwnTopics(stream)
      const needed = documentedRights('run', namesOf(stream))
      await broker.grant('runner', needed)
      // What is asked for again and again; without the right to its group a program cannot leave it either.
      const used = needed.filter(({ operation, name }) =>
        operation === 'Write' ? name !== stream.deadLetterTopic : operation === 'Read' && name === stream.source,
      )
      for (const [count, right] of used.entries()) {
        const app = await startAs('runner', stream)
        await app.caughtUp

        await broker.revoke('runner', [right])
        // Without new records nothing would be written.
        await stream.produce([record('A', count), record('B', count)])

        await assert.rejects(app.done, { code: 'KAFKA_REFUSED', message: refusals[right.resource]! })
        await broker.grant('runner', [right])
      }
      await using app = await startAs('runner', stream)
      await app.caughtUp
      assert.deepEqual(valuesOf(await stream.merged()), mergesOf(used.length))
      await broker.grant('auditor', documentedRights('audit', namesOf(stream)))
      assert.equal((await audit({ ...broker.settingsOf('auditor'), app: stream.app })).verdict, 'proved')
    })
  })

  it('tells what commands need that look at an application', async () => {
    const stream = await createStream(broker)
    await runOnce(stream)
    const { app } = stream
    const question = { ...broker.settingsOf('stranger'), app }
    const purposes: Record<string, () => Promise<unknown>> = {
      audit: () => audit(question),
      explain: () => explain({ ...question, key: '0' }),
      redrive: () => redrive({ ...question, dryRun: true }),
      reset: () => reset({ ...question, dryRun: true }),
    }

    for (const [purpose, command] of Object.entries(purposes)) {
      const needed = documentedRights(purpose, namesOf(stream))
      const told: Grant[] = []
      // The other topics of an application are known once its checkpoint can be read.
      while (told.length < needed.length) {
        const missing = await missingIn(command())
        assert.ok(missing.length > 0)
        await broker.grant('stranger', missing)
        told.push(...missing)
      }
      assert.deepEqual(sorted(told), sorted(needed), purpose)
      await command()
      await broker.revoke('stranger', told)
    }
  })
}

/** Names of a stream in the place of those that the documentation uses. */
function namesOf({ app, source, sink, deadLetterTopic, checkpointTopic }: Stream): Record<string, string> {
  return {
    'customer-360': app,
    'source-topic': source,
    'sink-topic': sink,
    'customer-360.dead-letter': deadLetterTopic,
    'customer-360.checkpoint': checkpointTopic,
    'customer-360.redrive': `${app}.redrive`,
  }
}

/** How brokers refuse what is about a resource. */
const refusals: Readonly<Partial<Record<Grant['resource'], RegExp>>> = {
  topic: /: TOPIC_AUTHORIZATION_FAILED$/,
  'transactional-id': /: TRANSACTIONAL_ID_AUTHORIZATION_FAILED$/,
}

/** The rights that an attempt says are missing. */
async function missingIn(attempt: Promise<unknown>): Promise<Grant[]> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason) => reason,
  )
  assert.ok(MillraceError.is(error), `it failed with ${String(error)}`)
  assert.equal(error.code, 'KAFKA_RIGHTS_MISSING', error.message)
  const [, ...commands] = error.message.split('\n')
  return commands.flatMap((command) => grantsIn(command))
}

function sorted(rights: readonly Grant[]): string[] {
  return rights.map(textOf).sort()
}

function textOf({ operation, resource, name }: Grant): string {
  return `${operation} ${resource} ${name}`
}
