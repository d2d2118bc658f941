/** The programs of examples/actors, and what each prints. */
export const actorPrograms: Readonly<Record<string, readonly string[]>> = {
  'worker-pool': ['78,498 primes below 1,000,000'],
  'rate-limiter': ['at once: 3', 'waited: 4', 'refused: 3'],
  'tcp-server': ['1', `root/connections/2 crashed: Error: 'one' is no number`, '3'],
}
