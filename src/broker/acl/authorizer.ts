import { type Acl, everyone, isAbout, operation, patternType, permissionType, wildcard } from './acl.ts'
import { type AclFilter, matches } from './acl-filter.ts'

/** How the embedded broker decides who may do what. */
export interface BrokerAuthorizer {
  /** Who may do everything, such as `User:admin`. @defaultValue nobody */
  readonly superUsers?: readonly string[]
  /**
   * As `allow.everyone.if.no.acl.found`: whether a resource that no ACL is about is open to all. @defaultValue false
   */
  readonly allowEveryoneIfNoAclFound?: boolean
}

/** Who asks. */
export interface Subject {
  readonly principal: string
  readonly host: string
}

/** A broker takes no more than this, so that a check stays quick. */
export const aclsMax = 10_000

/** The rights that bring another one with them. */
const implying: Readonly<Record<number, readonly number[]>> = {
  [operation.describe]: [operation.read, operation.write, operation.delete, operation.alter],
  [operation.describeConfigs]: [operation.alterConfigs],
}

/**
 * Decides by access control lists. A rule that denies wins over all that allow; what no rule is about is denied, unless
 * it is said otherwise.
 *
 * @see Kafka's StandardAuthorizer, whose rules these are
 */
export class Authorizer {
  readonly #superUsers: ReadonlySet<string>
  readonly #allowEveryoneIfNoAclFound: boolean
  /** By what they say, so that each is there once. */
  readonly #acls = new Map<string, Acl>()

  constructor({ superUsers = [], allowEveryoneIfNoAclFound = false }: BrokerAuthorizer) {
    this.#superUsers = new Set(superUsers)
    this.#allowEveryoneIfNoAclFound = allowEveryoneIfNoAclFound
  }

  get isFull(): boolean {
    return this.#acls.size >= aclsMax
  }

  add(acl: Acl): void {
    this.#acls.set(keyOf(acl), acl)
  }

  remove(acl: Acl): void {
    this.#acls.delete(keyOf(acl))
  }

  matching(filter: AclFilter): Acl[] {
    return [...this.#acls.values()].filter((acl) => matches(filter, acl))
  }

  /** Whether someone may do something with the resource of a type and name. */
  allows(subject: Subject, wanted: number, type: number, name: string): boolean {
    if (this.#superUsers.has(subject.principal)) return true
    const about = [...this.#acls.values()].filter((acl) => isAbout(acl, type, name))
    if (about.length === 0) return this.#allowEveryoneIfNoAclFound
    const applying = about.filter((acl) => isFor(acl, subject))
    return !applying.some((acl) => denies(acl, wanted)) && applying.some((acl) => grants(acl, wanted))
  }

  /** Whether there can be a resource of a type with which someone may do something. */
  allowsSome(subject: Subject, wanted: number, type: number): boolean {
    if (this.#superUsers.has(subject.principal)) return true
    const applying = [...this.#acls.values()].filter((acl) => acl.resourceType === type && isFor(acl, subject))
    const denying = applying.filter((acl) => denies(acl, wanted))
    if (denying.some((acl) => acl.patternType === patternType.literal && acl.resourceName === wildcard)) return false
    if (this.#allowEveryoneIfNoAclFound) return true
    return applying.some((acl) => grants(acl, wanted) && !denying.some((denial) => covers(denial, acl)))
  }
}

function isFor({ principal, host }: Acl, subject: Subject): boolean {
  return (principal === subject.principal || principal === everyone) && (host === subject.host || host === wildcard)
}

function denies(acl: Acl, wanted: number): boolean {
  if (acl.permissionType !== permissionType.deny) return false
  return acl.operation === wanted || acl.operation === operation.all
}

function grants(acl: Acl, wanted: number): boolean {
  if (acl.permissionType !== permissionType.allow) return false
  return (
    acl.operation === wanted || acl.operation === operation.all || implying[wanted]?.includes(acl.operation) === true
  )
}

/** Whether all that one pattern is about another one is about too. */
function covers(denial: Acl, { patternType: type, resourceName }: Acl): boolean {
  if (denial.patternType === patternType.prefixed) return resourceName.startsWith(denial.resourceName)
  return type === patternType.literal && denial.resourceName === resourceName
}

function keyOf(acl: Acl): string {
  const { resourceType, resourceName, patternType: pattern, principal, host } = acl
  return JSON.stringify([resourceType, resourceName, pattern, principal, host, acl.operation, acl.permissionType])
}
