import {
  createAcls,
  createTopics,
  deleteAcls,
  describeAcls,
  describeCluster,
  describeGroups,
  fetch,
  initProducerId,
  listGroups,
  listTransactions,
  metadata,
  offsetCommit,
  saslAuthenticate,
  saslHandshake,
} from '../../src/protocol/index.ts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Acl, type AclTarget, creationOf, filterOf, password, type User } from './acl-target.ts'
import { codesOf, guarded, type Names } from './acl-requests.ts'
import { recordBatch } from './batches.ts'
import { fetchFrom, produceTo } from './exchange.ts'
import type { WireClient } from './wire-client.ts'
import { until } from '../until.ts'

const resource = { topic: 2, group: 3, cluster: 4, transactionalId: 5 } as const
const pattern = { any: 1, match: 2, literal: 3, prefixed: 4 } as const
const permission = { deny: 2, allow: 3 } as const
const operation = {
  any: 1,
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const
const cluster = 'kafka-cluster'
const topicDenied = 29
const groupDenied = 30
const clusterDenied = 31
const transactionalIdDenied = 53
const denials = [topicDenied, groupDenied, clusterDenied, transactionalIdDenied]

export function aclsContract(target: AclTarget): void {
  const ruleFor = ({ principal }: Pick<User, 'principal'>, rule: Partial<Acl>): Acl => ({
    resourceType: resource.topic,
    resourceName: '*',
    patternType: pattern.literal,
    principal,
    host: '*',
    operation: operation.read,
    permissionType: permission.allow,
    ...rule,
  })
  /** A topic, a group and a transactional id of one name, all of them there. */
  const somebodysNames = async (): Promise<Names> => {
    const { name, id } = await target.createTopic()
    const topics = [{ name, partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }] }]
    await target.admin.call(offsetCommit, 9, { groupId: name, generationIdOrMemberEpoch: -1, memberId: '', topics })
    const begun = { transactionalId: name, transactionTimeoutMs: 60_000 }
    const { producerId, producerEpoch } = await target.admin.call(initProducerId, 5, begun)
    return { name, id, producerId, producerEpoch }
  }

  describe('an API', () => {
    for (const { title, code, rights, ask } of guarded) {
      it(`asks for rights, and is content with those it asks for: ${title}`, async () => {
        const user = target.newUser()
        await using client = await user.connect()
        const names = await somebodysNames()

        const denied = codesOf(await ask(client, names))
        await target.grant(
          rights.map(([type, op]) => {
            const isCluster = type === 'cluster'
            const resourceName = isCluster ? cluster : names.name
            return ruleFor(user, { resourceType: resource[type], resourceName, operation: operation[op] })
          }),
        )
        const allowed = codesOf(await ask(client, names))

        assert.deepEqual([...new Set(denied)], [code])
        assert.deepEqual(
          allowed.filter((each) => denials.includes(each)),
          [],
        )
      })
    }

    it('does not tell of what its client may not see', async () => {
      const user = target.newUser()
      await using client = await user.connect()
      const { name, id } = await somebodysNames()

      const all = await client.call(metadata, 12, { topics: null })
      const named = await client.call(metadata, 12, { topics: [{ name }, { name: `${name}-missing` }] })
      const byId = await client.call(metadata, 12, { topics: [{ name: null, topicId: id }] })
      const { groups } = await client.call(listGroups, 5, {})
      const transactions = await client.call(listTransactions, 0, { stateFilters: [], producerIdFilters: [] })

      assert.ok(all.topics.every((topic) => topic.name !== name))
      assert.deepEqual([groups, transactions.transactionStates], [[], []])
      const nothing = { isInternal: false, partitions: [], topicAuthorizedOperations: -2_147_483_648 }
      const nobody = 'A'.repeat(22)
      assert.deepEqual(named.topics, [
        { ...nothing, errorCode: topicDenied, name, topicId: nobody },
        { ...nothing, errorCode: topicDenied, name: `${name}-missing`, topicId: nobody },
      ])
      assert.deepEqual(byId.topics, [{ ...nothing, errorCode: topicDenied, name: null, topicId: id }])
    })

    it('tells of all groups to whoever may see the cluster, and of one to whoever may see that', async () => {
      const [user, overseer] = [target.newUser(), target.newUser()]
      await using client = await user.connect()
      await using seeing = await overseer.connect()
      const { name } = await somebodysNames()
      const other = await somebodysNames()
      await target.grant([
        ruleFor(user, { resourceType: resource.group, resourceName: name, operation: operation.describe }),
        ruleFor(overseer, { resourceType: resource.cluster, resourceName: cluster, operation: operation.describe }),
      ])

      const { groups } = await client.call(listGroups, 5, {})
      const all = await seeing.call(listGroups, 5, {})

      assert.deepEqual(
        groups.map(({ groupId }) => groupId),
        [name],
      )
      const ids = all.groups.map(({ groupId }) => groupId)
      assert.ok(ids.includes(name) && ids.includes(other.name))
    })

    it('tells what its client may do with topic, group and cluster', async () => {
      const user = target.newUser()
      await using client = await user.connect()
      const { name } = await somebodysNames()
      const bits = (...operations: (keyof typeof operation)[]) =>
        operations.reduce((set, each) => set | (1 << operation[each]), 0)
      const ask = async () => {
        const { topics, clusterAuthorizedOperations } = await client.call(metadata, 10, {
          topics: [{ name }],
          includeTopicAuthorizedOperations: true,
          includeClusterAuthorizedOperations: true,
        })
        const asked = { groups: [name], includeAuthorizedOperations: true }
        const { groups } = await client.call(describeGroups, 5, asked)
        const described = await client.call(describeCluster, 1, { includeClusterAuthorizedOperations: true })
        return {
          topic: topics[0]!.topicAuthorizedOperations,
          group: groups[0]!.authorizedOperations,
          cluster: [clusterAuthorizedOperations, described.clusterAuthorizedOperations],
        }
      }

      const withoutRights = await ask()
      await target.grant([
        ruleFor(user, { resourceName: name, operation: operation.write }),
        ruleFor(user, { resourceName: name, operation: operation.alterConfigs }),
        ruleFor(user, { resourceType: resource.group, resourceName: name, operation: operation.read }),
        ruleFor(user, { resourceType: resource.cluster, resourceName: cluster, operation: operation.alter }),
      ])
      const withRights = await ask()

      const unknown = -2_147_483_648
      assert.deepEqual(withoutRights, { topic: unknown, group: unknown, cluster: [0, 0] })
      assert.deepEqual(withRights, {
        topic: bits('write', 'describe', 'alterConfigs', 'describeConfigs'),
        group: bits('read', 'describe'),
        cluster: [bits('alter', 'describe'), bits('alter', 'describe')],
      })
    })

    it('answers each topic for itself', async () => {
      const user = target.newUser()
      await using client = await user.connect()
      const [mine, others] = [await target.createTopic(), await target.createTopic()]
      await target.grant([ruleFor(user, { resourceName: mine.name })])

      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }]
      const { responses } = await client.call(fetch, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000,
        isolationLevel: 0,
        topics: [mine, others].map(({ name }) => ({ topic: name, partitions })),
      })

      const told = responses.map(({ topic, partitions: [first] }) => [topic, first!.errorCode] as const)
      assert.deepEqual(Object.fromEntries(told), { [mine.name]: 0, [others.name]: topicDenied })
    })

    it('lets an idempotent producer have an id who may write to some topic, or do so to the cluster', async () => {
      const [byTopic, byCluster, denied, nobody] = Array.from({ length: 4 }, () => target.newUser())
      await target.grant([
        ruleFor(byTopic!, { resourceName: 'some', patternType: pattern.prefixed, operation: operation.write }),
        ruleFor(byCluster!, {
          resourceType: resource.cluster,
          resourceName: cluster,
          operation: operation.idempotentWrite,
        }),
        ruleFor(denied!, { resourceName: 'some-topic', operation: operation.write }),
        ruleFor(denied!, {
          resourceName: 'some',
          patternType: pattern.prefixed,
          operation: operation.write,
          permissionType: permission.deny,
        }),
      ])
      const codeFor = async (user: User) => {
        await using client = await user.connect()
        const { errorCode } = await client.call(initProducerId, 5, {
          transactionalId: null,
          transactionTimeoutMs: 60_000,
        })
        return errorCode
      }

      assert.deepEqual(
        [await codeFor(byTopic!), await codeFor(byCluster!), await codeFor(denied!), await codeFor(nobody!)],
        [0, 0, clusterDenied, clusterDenied],
      )
    })

    it('creates a topic that is asked for, for whoever may do so', async () => {
      const [creator, reader] = [target.newUser(), target.newUser()]
      await using creating = await creator.connect()
      await using reading = await reader.connect()
      const { name: prefix } = await target.createTopic()
      const under = { resourceName: prefix, patternType: pattern.prefixed }
      await target.grant([
        ruleFor(creator, { ...under, operation: operation.describe }),
        ruleFor(creator, { ...under, operation: operation.create }),
        ruleFor(reader, { ...under, operation: operation.describe }),
      ])
      const name = `${prefix}-asked-for`
      const ask = async (client: WireClient, allowAutoTopicCreation = true) => {
        const { topics } = await client.call(metadata, 12, { topics: [{ name }], allowAutoTopicCreation })
        return topics[0]!
      }

      const unwanted = await ask(creating, false)
      const denied = await ask(reading)
      const first = await ask(creating)
      const created = await until('the topic is there', async () => {
        const answer = await ask(creating)
        return answer.errorCode === 0 && answer
      })

      const codes = [unwanted.errorCode, denied.errorCode, first.errorCode]
      assert.deepEqual([codes, created.partitions.length], [[3, topicDenied, 3], 1])
    })

    it('lets topics be created by their names, or all of them by a right to the cluster', async () => {
      const [byName, byCluster] = [target.newUser(), target.newUser()]
      await target.grant([
        ruleFor(byName, { resourceName: 'allowed-', patternType: pattern.prefixed, operation: operation.create }),
        ruleFor(byCluster, { resourceType: resource.cluster, resourceName: cluster, operation: operation.create }),
      ])
      const create = async (user: User, names: string[]) => {
        await using client = await user.connect()
        const wanted = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
        const request = { topics: names.map((name) => ({ name, ...wanted })), timeoutMs: 10_000, validateOnly: true }
        const { topics } = await client.call(createTopics, 7, request)
        return Object.fromEntries(topics.map(({ name, errorCode }) => [name, errorCode]))
      }

      assert.deepEqual(await create(byName, ['allowed-1', 'denied-1']), { 'allowed-1': 0, 'denied-1': topicDenied })
      assert.deepEqual(await create(byCluster, ['denied-1']), { 'denied-1': 0 })
    })
  })

  describe('an ACL', () => {
    /** Whether someone may write to a topic, by trying. */
    const mayWrite = async (user: User, topic: { name: string; id: string }) => {
      await using client = await user.connect()
      const { errorCode } = await produceTo(client, topic, recordBatch(['x']))
      assert.ok(errorCode === 0 || errorCode === topicDenied, `${errorCode}`)
      return errorCode === 0
    }
    const writing = (user: User, rule: Partial<Acl>) => ruleFor(user, { operation: operation.write, ...rule })

    it('counts for a name, for all that begin with it, or for every name', async () => {
      const topic = await target.createTopic()
      const prefix = topic.name.slice(0, -4)
      const cases: [Partial<Acl>, boolean][] = [
        [{ resourceName: topic.name }, true],
        [{ resourceName: prefix }, false],
        [{ resourceName: prefix, patternType: pattern.prefixed }, true],
        [{ resourceName: `${topic.name}x`, patternType: pattern.prefixed }, false],
        [{ resourceName: '*' }, true],
        [{ resourceName: '*', patternType: pattern.prefixed }, false],
      ]
      for (const [rule, expected] of cases) {
        const user = target.newUser()
        await target.grant([writing(user, rule)])
        assert.equal(await mayWrite(user, topic), expected, JSON.stringify(rule))
      }
    })

    it('that denies wins over all that allow', async () => {
      const [user, other] = [target.newUser(), target.newUser()]
      const [open, closed] = [await target.createTopic(), await target.createTopic()]
      await target.grant([
        writing(user, { operation: operation.all }),
        writing(user, { resourceName: closed.name, permissionType: permission.deny }),
        writing(other, {}),
        writing(other, { operation: operation.describe, permissionType: permission.deny }),
      ])

      assert.deepEqual([await mayWrite(user, open), await mayWrite(user, closed)], [true, false])
      assert.equal(await mayWrite(other, open), true)
    })

    it('counts for one principal or for all, and for the host that it names', async () => {
      const [user, other] = [target.newUser(), target.newUser()]
      const [hers, everybodys, remote] = await Promise.all([
        target.createTopic(),
        target.createTopic(),
        target.createTopic(),
      ])
      await target.grant([
        ruleFor(user, { resourceName: hers.name, host: '127.0.0.1' }),
        ruleFor(user, { resourceName: everybodys.name, principal: 'User:*' }),
        ruleFor(user, { resourceName: remote.name, host: '192.0.2.1' }),
      ])
      const mayRead = async (reader: User, topic: { name: string; id: string }) => {
        await using client = await reader.connect()
        const { errorCode } = await fetchFrom(client, topic)
        assert.ok(errorCode === 0 || errorCode === topicDenied, `${errorCode}`)
        return errorCode === 0
      }

      assert.deepEqual([await mayRead(user, hers), await mayRead(other, hers)], [true, false])
      assert.deepEqual([await mayRead(user, everybodys), await mayRead(other, everybodys)], [true, true])
      assert.equal(await mayRead(user, remote), false)
    })

    it('counts no more when it has been deleted', async () => {
      const user = target.newUser()
      const topic = await target.createTopic()
      const rule = writing(user, { resourceName: topic.name })
      await target.grant([rule])
      const before = await mayWrite(user, topic)

      await target.revoke(rule)

      assert.deepEqual([before, await mayWrite(user, topic)], [true, false])
    })
  })

  describe('a client that proves who it is', () => {
    const initial = (username: string) => Buffer.from(`\0${username}\0${password}`)

    it('does so in each version', async () => {
      for (const version of [0, 1, 2]) {
        await using client = await target.open()
        const { errorCode, mechanisms } = await client.call(saslHandshake, 1, { mechanism: 'PLAIN' })
        const proved = await client.call(saslAuthenticate, version, { authBytes: initial('admin') })
        const { errorCode: answered } = await client.call(describeCluster, 0, {
          includeClusterAuthorizedOperations: false,
        })

        assert.deepEqual([errorCode, mechanisms.includes('PLAIN')], [0, true])
        assert.deepEqual([proved.errorCode, proved.authBytes.length, answered], [0, 0, 0], `version ${version}`)
      }
    })

    it('is told what is wrong in each version', async () => {
      for (const version of [0, 1, 2]) {
        await using client = await target.open()
        await client.call(saslHandshake, 1, { mechanism: 'PLAIN' })
        const { errorCode } = await client.call(saslAuthenticate, version, { authBytes: initial('nobody') })

        assert.equal(errorCode, 58)
      }
    })

    it('does so without the headers of the protocol after a handshake of version 0', async () => {
      await using client = await target.open()
      const { errorCode, mechanisms } = await client.call(saslHandshake, 0, { mechanism: 'PLAIN' })
      const token = await client.exchangeToken(initial('admin'))
      const { errorCode: answered } = await client.call(describeCluster, 0, {
        includeClusterAuthorizedOperations: false,
      })

      assert.deepEqual([errorCode, mechanisms.includes('PLAIN'), token.length, answered], [0, true, 0, 0])
    })
  })

  describe('CreateAcls, DescribeAcls and DeleteAcls', () => {
    const describeAll = async (filter: Partial<ReturnType<typeof filterOf>>, version = 3) => {
      const any = {
        resourceTypeFilter: 1,
        resourceNameFilter: null,
        patternTypeFilter: pattern.any,
        principalFilter: null,
        hostFilter: null,
        operation: operation.any,
        permissionType: 1,
      }
      return target.admin.call(describeAcls, version, { ...any, ...filter })
    }

    it('make an ACL once, tell of it by resource, and take it away, in each of their versions', async () => {
      for (const version of [1, 2, 3]) {
        const user = target.newUser()
        const { principal } = user
        const rules = [
          ruleFor(user, { resourceName: 'a' }),
          ruleFor(user, { resourceName: 'a', operation: operation.write, host: '10.0.0.1' }),
          ruleFor(user, { resourceName: 'a', patternType: pattern.prefixed, permissionType: permission.deny }),
        ]
        const { results } = await target.admin.call(createAcls, version, {
          creations: [...rules, rules[0]!].map(creationOf),
        })
        await target.grant(rules)
        const described = await describeAll({ principalFilter: principal }, version)
        const filters = [{ ...filterOf(rules[0]!), operation: operation.any, hostFilter: null }, filterOf(rules[0]!)]
        const { filterResults } = await target.admin.call(deleteAcls, version, { filters })

        assert.deepEqual(results, Array(4).fill({ errorCode: 0, errorMessage: '' }))
        assert.deepEqual([described.errorCode, described.errorMessage], [0, ''])
        const literal = described.resources.find(({ patternType }) => patternType === pattern.literal)!
        assert.deepEqual([literal.resourceType, literal.resourceName], [resource.topic, 'a'])
        assert.deepEqual(
          literal.acls.toSorted((a, b) => a.operation - b.operation),
          [
            { principal, host: '*', operation: operation.read, permissionType: permission.allow },
            { principal, host: '10.0.0.1', operation: operation.write, permissionType: permission.allow },
          ],
        )
        assert.deepEqual(
          filterResults.map(({ errorCode, matchingAcls }) => [errorCode, matchingAcls.length]),
          [
            [0, 2],
            [0, 1],
          ],
        )
        const [first] = filterResults[1]!.matchingAcls
        assert.deepEqual(first, { errorCode: 0, errorMessage: null, ...rules[0]! })
      }
    })

    it('find patterns by what they are, and by what falls under them', async () => {
      const user = target.newUser()
      const principalFilter = user.principal
      await target.grant([
        ruleFor(user, { resourceName: 'ab', patternType: pattern.prefixed }),
        ruleFor(user, { resourceName: 'abc' }),
        ruleFor(user, { resourceName: 'abcd' }),
        ruleFor(user, { resourceName: '*' }),
      ])
      const found = async (resourceNameFilter: string, patternTypeFilter: number) => {
        const { resources } = await describeAll({ principalFilter, resourceNameFilter, patternTypeFilter })
        return resources.map(({ resourceName }) => resourceName).sort()
      }

      assert.deepEqual(await found('abc', pattern.match), ['*', 'ab', 'abc'])
      assert.deepEqual(await found('abc', pattern.literal), ['abc'])
      assert.deepEqual(await found('abc', pattern.any), ['abc'])
      assert.deepEqual(await found('ab', pattern.prefixed), ['ab'])
      assert.deepEqual(await found('abc', pattern.prefixed), [])
    })

    it('refuse what is no ACL', async () => {
      const user = target.newUser()
      const good = ruleFor(user, { resourceName: 'good' })
      const errorOf = async (rule: Partial<Acl>) => {
        const { results } = await target.admin.call(createAcls, 3, {
          creations: [ruleFor(user, rule), good].map(creationOf),
        })
        return results.map(({ errorCode }) => errorCode)
      }

      assert.deepEqual(await errorOf({ resourceName: '' }), [42, 0])
      assert.deepEqual(await errorOf({ resourceType: resource.cluster, resourceName: 'other' }), [42, 0])
      assert.deepEqual(await errorOf({ principal: 'bob' }), [42, 0])
      assert.deepEqual(await errorOf({ resourceType: 77 }), [42, 0])
      assert.deepEqual(await errorOf({ operation: operation.any }), [-1, -1])
      assert.deepEqual(await errorOf({ patternType: pattern.match }), [-1, -1])
    })
  })
}

/** With `allow.everyone.if.no.acl.found`. */
export function openUntilNamedContract(target: AclTarget): void {
  describe('a resource', () => {
    it('is open to all until an ACL is about it', async () => {
      const [user, other] = [target.newUser(), target.newUser()]
      const [topic, untouched] = [await target.createTopic(), await target.createTopic()]
      const write = async (from: User, to: { name: string; id: string }) => {
        await using client = await from.connect()
        return (await produceTo(client, to, recordBatch(['x']))).errorCode
      }

      const before = await write(other, topic)
      await target.grant([
        {
          resourceType: resource.topic,
          resourceName: topic.name,
          patternType: pattern.literal,
          principal: user.principal,
          host: '*',
          operation: operation.write,
          permissionType: permission.allow,
        },
      ])

      assert.equal(before, 0)
      assert.deepEqual(
        [await write(user, topic), await write(other, topic), await write(other, untouched)],
        [0, topicDenied, 0],
      )
    })
  })
}
