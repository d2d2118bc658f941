/** Bit sets of what a client may do. There is no authorizer, so every operation a resource knows is allowed. */
export const authorizedOperations = {
  /** Not asked for. */
  unknown: -2147483648,
  cluster: bits({
    create: 5,
    alter: 7,
    describe: 8,
    clusterAction: 9,
    describeConfigs: 10,
    alterConfigs: 11,
    idempotentWrite: 12,
  }),
  topic: bits({
    read: 3,
    write: 4,
    create: 5,
    delete: 6,
    alter: 7,
    describe: 8,
    describeConfigs: 10,
    alterConfigs: 11,
  }),
  group: bits({ read: 3, delete: 6, describe: 8, describeConfigs: 10, alterConfigs: 11 }),
} as const

function bits(operations: Record<string, number>): number {
  return Object.values(operations).reduce((set, bit) => set | (1 << bit), 0)
}
