import {
  createAcls,
  createTopics,
  deleteAcls,
  describeAcls,
  metadata,
  saslAuthenticate,
  saslHandshake,
} from '../../src/protocol/index.ts'
import { randomUUID } from 'node:crypto'
import { before, describe } from 'node:test'
import { type BrokerAuthorizer, startBroker } from '../../src/broker/index.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { versionsSeenBy } from '../protocol/seen-versions.ts'
import { coordinatorsServe } from './target.ts'
import { WireClient } from './wire-client.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'

/** A rule as the protocol has it. */
export interface Acl {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** Someone without any right, and connections of his own. */
export interface User {
  readonly principal: string
  connect(): Promise<WireClient>
}

/** A broker with an authorizer, whose admin may do everything. */
export interface AclTarget {
  readonly admin: WireClient
  /** A connection that has not proved who it is. */
  open(): Promise<WireClient>
  newUser(): User
  createTopic(options?: { partitions?: number }): Promise<{ name: string; id: string }>
  /** Makes ACLs, and waits until they are in force. */
  grant(acls: readonly Acl[]): Promise<void>
  /** Takes an ACL away, and waits until it is out of force. */
  revoke(acl: Acl): Promise<void>
}

const apacheName = 'Apache Kafka'
export const password = 'secret'
const usernames = Array.from({ length: 100 }, (_, i) => `user${i}`)

interface AclBroker extends AsyncDisposable {
  /** Of the listener that asks clients who they are. */
  readonly bootstrapServers: string
}

/**
 * The same promises for the embedded broker and for Apache Kafka with its StandardAuthorizer. Both create topics that are
 * asked for, which no other target does.
 */
export function aclContract(suite: (target: AclTarget) => void, rules: BrokerAuthorizer = {}): void {
  const authorizer = { ...rules, superUsers: ['User:admin'] }
  const users = Object.fromEntries(['admin', ...usernames].map((name) => [name, password]))
  void describe('contract of ACLs', { concurrency: true }, () => {
    describeTarget(
      'embedded broker',
      false,
      () => startBroker({ sasl: { users }, authorizer, autoCreateTopics: true }),
      suite,
    )
    describeTarget(apacheName, skipWithoutJava, () => startAuthorizingKafka(authorizer), suite)
  })
}

async function startAuthorizingKafka({ superUsers = [], ...rules }: BrokerAuthorizer): Promise<AclBroker> {
  const logins = ['admin', ...usernames].map((name) => `user_${name}="${password}"`).join(' ')
  const kafka = await startQuickKafka({
    heapMb: 512,
    listeners: ['SASL'],
    properties: {
      'auto.create.topics.enable': 'true',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // The broker speaks to its controller as nobody in particular.
      'super.users': [...superUsers, 'User:ANONYMOUS'].join(';'),
      'allow.everyone.if.no.acl.found': String(rules.allowEveryoneIfNoAclFound ?? false),
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT',
      'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.sasl.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins};`,
    },
  })
  return { bootstrapServers: kafka.listeners['SASL']!, [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose]() }
}

function describeTarget(
  name: string,
  skip: string | false,
  start: () => Promise<AclBroker>,
  suite: (target: AclTarget) => void,
): void {
  void describe(name, { skip }, () => {
    let broker: AclBroker
    let admin: WireClient
    let usersGiven = 0
    const stack = suiteStack()
    const onAnswered = name === apacheName ? versionsSeenBy(apacheName, stack) : undefined
    const open = () => WireClient.connect(broker.bootstrapServers, undefined, onAnswered)
    const connect = async (username: string) => {
      const client = await open()
      await client.call(saslHandshake, 1, { mechanism: 'PLAIN' })
      const { errorCode } = await client.call(saslAuthenticate, 2, {
        authBytes: Buffer.from(`\0${username}\0${password}`),
      })
      if (errorCode !== 0) throw new Error(`${username} was refused with ${errorCode}`)
      return client
    }
    before(async () => {
      broker = stack.use(await start())
      admin = stack.use(await connect('admin'))
      await coordinatorsServe(admin)
    })

    const isThere = async (acl: Acl) => {
      const { resources } = await admin.call(describeAcls, 3, filterOf(acl))
      return resources.length > 0
    }
    suite({
      get admin() {
        return admin
      },
      open,
      newUser() {
        const username = usernames[usersGiven++]!
        return { principal: `User:${username}`, connect: () => connect(username) }
      },
      async createTopic({ partitions = 1 } = {}) {
        const topic = `contract-${randomUUID()}`
        const { topics } = await admin.call(createTopics, 7, {
          topics: [{ name: topic, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }],
          timeoutMs: 10_000,
          validateOnly: false,
        })
        await until('the topic is there', async () => {
          const described = await admin.call(metadata, 12, { topics: [{ name: topic }] })
          return described.topics[0]!.errorCode === 0
        })
        return { name: topic, id: topics[0]!.topicId }
      },
      async grant(acls) {
        const { results } = await admin.call(createAcls, 3, { creations: acls.map(creationOf) })
        for (const { errorCode, errorMessage } of results) {
          if (errorCode !== 0) throw new Error(`an ACL was refused with ${errorCode}: ${errorMessage}`)
        }
        for (const acl of acls) await until('the ACL is there', () => isThere(acl))
      },
      async revoke(acl) {
        await admin.call(deleteAcls, 3, { filters: [filterOf(acl)] })
        await until('the ACL is gone', async () => !(await isThere(acl)))
      },
    })
  })
}

/** The ACL as CreateAcls names its fields. */
export function creationOf({ patternType: resourcePatternType, ...acl }: Acl) {
  return { ...acl, resourcePatternType }
}

/** The filter that only this ACL passes. */
export function filterOf(acl: Acl) {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = acl
  return {
    resourceTypeFilter: resourceType,
    resourceNameFilter: resourceName,
    patternTypeFilter: patternType,
    principalFilter: principal,
    hostFilter: host,
    operation,
    permissionType,
  }
}
