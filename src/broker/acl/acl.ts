/** Kafka's numbers for what access is given to, how, and by which pattern of names. */
export const resourceType = {
  any: 1,
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
} as const
export const patternType = { any: 1, match: 2, literal: 3, prefixed: 4 } as const
export const permissionType = { any: 1, deny: 2, allow: 3 } as const
export const operation = {
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
  createTokens: 13,
  describeTokens: 14,
  twoPhaseCommit: 15,
} as const

/** What the cluster is called where it is a resource. */
export const clusterName = 'kafka-cluster'
/** Stands for every name, every host. */
export const wildcard = '*'
export const everyone = 'User:*'

/** One rule: who may, or may not, do what with what, from where. */
export interface Acl {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** Whether an ACL is about a resource of this type and name. */
export function isAbout(acl: Acl, type: number, name: string): boolean {
  if (acl.resourceType !== type) return false
  if (acl.patternType === patternType.prefixed) return name.startsWith(acl.resourceName)
  return acl.resourceName === name || acl.resourceName === wildcard
}
