import { before, describe } from 'node:test'
import kafkajs, { type AclEntry, type Admin, Kafka, logLevel } from 'kafkajs'
import { startBroker } from '../../src/broker/index.ts'
import { skipWithoutJava, startQuickKafka } from '../apache-kafka.ts'
import { patientAdmin } from '../integration/patient-admin.ts'
import type { PlainSasl } from '../integration/read-topic.ts'
import type { Grant } from './documented-rights.ts'
import { until } from '../until.ts'
import { suiteStack } from '../at-end.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

/** Users of the broker beside the administrator; each has the password that is its name. */
const users = ['runner', 'creator', 'auditor', 'explainer', 'redriver', 'resetter', 'stranger'] as const
export type User = (typeof users)[number]

/** A broker where nobody may do anything but an administrator, and whoever was granted it. */
export interface AuthorizedBroker {
  /** For the administrator. */
  readonly bootstrapServers: string
  /** Who the administrator is, where the broker asks him. */
  readonly sasl: PlainSasl | undefined
  readonly kafka: Kafka
  readonly admin: Admin
  /** What a client of a user is given. */
  settingsOf(user: User): { bootstrapServers: string; sasl: PlainSasl }
  grant(user: User, rights: readonly Grant[]): Promise<void>
  revoke(user: User, rights: readonly Grant[]): Promise<void>
}

interface Started extends AsyncDisposable {
  readonly bootstrapServers: string
  readonly sasl: PlainSasl | undefined
  readonly forUsers: string
}

/** Runs a suite on every broker that has an authorizer. */
export function onEachAuthorizedBroker(suite: (broker: AuthorizedBroker) => void): void {
  onBroker('embedded broker', false, startEmbedded, suite)
  onBroker('Apache Kafka', skipWithoutJava, startApacheKafka, suite)
}

function onBroker(
  name: string,
  skip: string | false,
  start: () => Promise<Started>,
  suite: (broker: AuthorizedBroker) => void,
): void {
  void describe(name, { skip }, () => {
    let started: Started
    let kafka: Kafka
    let admin: Admin
    const stack = suiteStack()
    before(async () => {
      started = stack.use(await start())
      const { bootstrapServers, sasl } = started
      const plain = sasl && { ...sasl, mechanism: 'plain' as const }
      kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING, ...(plain && { sasl: plain }) })
      admin = await patientAdmin(kafka)
      stack.defer(() => admin.disconnect())
    })
    suite({
      get bootstrapServers() {
        return started.bootstrapServers
      },
      get sasl() {
        return started.sasl
      },
      get kafka() {
        return kafka
      },
      get admin() {
        return admin
      },
      settingsOf: (user) => ({ bootstrapServers: started.forUsers, sasl: saslOf(user) }),
      async grant(user, rights) {
        const acl = rights.map((right) => entryOf(user, right))
        await admin.createAcls({ acl })
        await whenKnown(admin, acl, true)
      },
      async revoke(user, rights) {
        const acl = rights.map((right) => entryOf(user, right))
        await admin.deleteAcls({ filters: acl })
        await whenKnown(admin, acl, false)
      },
    })
  })
}

/** Brokers learn of rights a little after the controller has. */
async function whenKnown(admin: Admin, acl: readonly AclEntry[], isGranted: boolean): Promise<void> {
  for (const entry of acl) {
    await until(
      'the broker knows of the right',
      async () => (await admin.describeAcls(entry)).resources.length > 0 === isGranted,
    )
  }
}

function saslOf(username: string): PlainSasl {
  return { mechanism: 'PLAIN', username, password: username, allowPlaintext: true }
}

const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
}
const operationTypes: Record<string, number> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
}

function entryOf(user: User, { operation, resource, name }: Grant): AclEntry {
  return {
    principal: `User:${user}`,
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
    operation: operationTypes[operation]!,
    resourceType: resourceTypes[resource],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes.LITERAL,
  }
}

/** The embedded broker has one listener, where everybody has to say who they are. */
async function startEmbedded(): Promise<Started> {
  const broker = await startBroker({
    sasl: { mechanisms: ['PLAIN'], users: Object.fromEntries(['admin', ...users].map((user) => [user, user])) },
    authorizer: { superUsers: ['User:admin'] },
  })
  const { bootstrapServers } = broker
  return {
    bootstrapServers,
    sasl: saslOf('admin'),
    forUsers: bootstrapServers,
    [Symbol.asyncDispose]: () => broker.stop(),
  }
}

async function startApacheKafka(): Promise<Started> {
  const passwords = users.map((user) => `user_${user}="${user}"`).join(' ')
  const kafka = await startQuickKafka({
    heapMb: 512,
    listeners: ['USERS'],
    properties: {
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT',
      'listener.name.users.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.users.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords};`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  })
  return {
    bootstrapServers: kafka.bootstrapServers,
    sasl: undefined,
    forUsers: kafka.listeners['USERS']!,
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}
