import { ConfigError, StateError } from '../core/errors.ts'
import { kindOf } from '../core/kind-of.ts'
import { ZoneMap, type ZoneOf } from './zone-map.ts'

/** The zone maps of one table, by name. */
export class ZoneMaps<Value> {
  readonly #table: string
  readonly #maps: ReadonlyMap<string, ZoneMap<Value>>

  /** @throws CONFIG_INVALID_VALUE where one of them is no function. */
  constructor(table: string, zones: Readonly<Record<string, ZoneOf<Value>>>) {
    for (const [zone, of] of Object.entries<unknown>(zones)) {
      if (typeof of === 'function') continue
      const message = `zone map ${zone} of table ${table} is ${kindOf(of)}, but must be a function of a value`
      throw new ConfigError('CONFIG_INVALID_VALUE', message, { table, zone })
    }
    this.#table = table
    this.#maps = new Map(Object.entries(zones).map(([name, of]) => [name, new ZoneMap(of)]))
  }

  get isEmpty(): boolean {
    return this.#maps.size === 0
  }

  /** @throws STATE_ZONE_UNKNOWN */
  named(name: string): ZoneMap<Value> {
    const map = this.#maps.get(name)
    if (map !== undefined) return map
    const message = `table ${this.#table} has no zone map ${name}: declare it in the zones of the table`
    throw new StateError('STATE_ZONE_UNKNOWN', message, { table: this.#table, zone: name })
  }

  /** @throws STATE_VALUE_INVALID where one of them gives neither a number nor nothing. */
  check(value: Value): void {
    for (const [zone, { of }] of this.#maps) {
      const number: unknown = of(value)
      if (number === undefined || (typeof number === 'number' && !Number.isNaN(number))) continue
      const message = `zone map ${zone} of table ${this.#table} gives ${kindOf(number)}: a number or undefined belongs there`
      throw new StateError('STATE_VALUE_INVALID', message, { table: this.#table, zone })
    }
  }

  /** Notes a value that has come into a segment. */
  add(segment: number, value: Value): void {
    for (const map of this.#maps.values()) map.add(segment, map.of(value))
  }
}
