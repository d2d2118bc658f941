import type { Origin } from './source-partitions.ts'

export function isSamePlace(a: Origin, b: Origin): boolean {
  return a.topic === b.topic && a.partition === b.partition && a.offset === b.offset && a.index === b.index
}
