/** What a stage of the bench of workers does with each record: some work, and then it keeps the part. */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 0)

/** So much work, whatever else the machine does meanwhile; the result keeps it from being left out. */
export function work(count: number): number {
  let state = count | 1
  for (let round = 0; round < count; round++) state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + round) | 0
  return state
}

export function busyPart({ part }: { readonly part: unknown }): unknown {
  return work(rounds) === 0.5 ? undefined : part
}
