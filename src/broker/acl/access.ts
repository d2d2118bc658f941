import { clusterName, operation, resourceType } from './acl.ts'
import type { Authorizer, Subject } from './authorizer.ts'

type Operation = Exclude<keyof typeof operation, 'any' | 'all'>

/** What can be done with a resource of a type at all. */
const operationsOf = {
  cluster: ['create', 'alter', 'describe', 'clusterAction', 'describeConfigs', 'alterConfigs', 'idempotentWrite'],
  topic: ['read', 'write', 'create', 'delete', 'alter', 'describe', 'describeConfigs', 'alterConfigs'],
  group: ['read', 'delete', 'describe', 'describeConfigs', 'alterConfigs'],
} as const satisfies Record<string, readonly Operation[]>

/** What the client at the end of a connection may do; everything where there is no authorizer. */
export class Access {
  readonly #authorizer: Authorizer | undefined
  readonly #subject: Subject

  constructor(authorizer: Authorizer | undefined, subject: Subject) {
    this.#authorizer = authorizer
    this.#subject = subject
  }

  topic(wanted: Operation, name: string): boolean {
    return this.#allows(wanted, 'topic', name)
  }

  group(wanted: Operation, id: string): boolean {
    return this.#allows(wanted, 'group', id)
  }

  transactionalId(wanted: Operation, id: string): boolean {
    return this.#allows(wanted, 'transactionalId', id)
  }

  cluster(wanted: Operation): boolean {
    return this.#allows(wanted, 'cluster', clusterName)
  }

  /** Whether there may be a topic with which the client may do something. */
  someTopic(wanted: Operation): boolean {
    return this.#authorizer?.allowsSome(this.#subject, operation[wanted], resourceType.topic) ?? true
  }

  /** What the client may do with the cluster, which it is told only if it may see it. */
  get clusterOperations(): number {
    return this.cluster('describe') ? this.operationsOn('cluster', clusterName) : 0
  }

  /** The set of what the client may do with a resource, as a bit for each operation. */
  operationsOn(type: keyof typeof operationsOf, name: string): number {
    return operationsOf[type]
      .filter((wanted) => this.#allows(wanted, type, name))
      .reduce((bits, wanted) => bits | (1 << operation[wanted]), 0)
  }

  #allows(wanted: Operation, type: keyof typeof resourceType, name: string): boolean {
    return this.#authorizer?.allows(this.#subject, operation[wanted], resourceType[type], name) ?? true
  }
}
