/** Settings of groups under Kafka's names, those of time in milliseconds, within the bounds that its brokers have by default. */
export const groupConfigRules = {
  'consumer.assignment.interval.ms': { default: 1_000, min: 0, max: 15_000 },
  'consumer.heartbeat.interval.ms': { default: 5_000, min: 5_000, max: 15_000 },
  'consumer.session.timeout.ms': { default: 45_000, min: 45_000, max: 60_000 },
  'streams.assignment.interval.ms': { default: 1_000, min: 0, max: 15_000 },
  'streams.heartbeat.interval.ms': { default: 5_000, min: 5_000, max: 15_000 },
  'streams.initial.rebalance.delay.ms': { default: 3_000, min: 0, max: 2_147_483_647 },
  'streams.num.standby.replicas': { default: 0, min: 0, max: 2 },
  'streams.session.timeout.ms': { default: 45_000, min: 45_000, max: 60_000 },
} as const

/** A setting of a group. */
export type GroupConfigName = keyof typeof groupConfigRules

/** The settings of groups whose broker shares out the work: what is set for each, and what they have otherwise. */
export class GroupConfig {
  readonly #initial: Readonly<Partial<Record<GroupConfigName, number>>>
  readonly #set = new Map<string, ReadonlyMap<string, string>>()

  /** @param initial - What groups have that have no setting of their own. */
  constructor(initial: Readonly<Partial<Record<GroupConfigName, number>>>) {
    this.#initial = initial
  }

  number(groupId: string, name: GroupConfigName): number {
    return Number(this.#set.get(groupId)?.get(name) ?? this.initial(name))
  }

  /** What a group has that has no setting of its own. */
  initial(name: GroupConfigName): number {
    return this.#initial[name] ?? groupConfigRules[name].default
  }

  /** What is set for a group, as a copy. */
  overrides(groupId: string): Map<string, string> {
    return new Map(this.#set.get(groupId))
  }

  replace(groupId: string, set: ReadonlyMap<string, string>): void {
    if (set.size === 0) this.#set.delete(groupId)
    else this.#set.set(groupId, set)
  }
}

/** Says what is wrong with a setting of a group, or nothing. */
export function faultOfGroupConfig(name: string, value: string): string | undefined {
  if (!Object.hasOwn(groupConfigRules, name)) return `Unknown group config name: ${name}`
  const { min, max } = groupConfigRules[name as GroupConfigName]
  const isWithin = /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max
  return isWithin ? undefined : `Invalid value ${value} for configuration ${name}: it is to be ${min} to ${max}`
}
