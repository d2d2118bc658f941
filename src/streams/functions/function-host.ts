import type { RestoringSession } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import type { FunctionHost } from './function-runner.ts'

/** What a runner needs of the program that it is in. */
export function functionHost(
  services: Services,
  { state, sources, lives, openStreaks }: RestoringSession,
): FunctionHost {
  const { plan, options, clock, random, logger, loop } = services
  return {
    plan,
    options,
    clock,
    random,
    logger,
    loop,
    openStreaks,
    partitions: sources.partitions,
    restoration: state.restoration,
    tables: state.tables,
    get incarnation() {
      return lives.incarnation
    },
  }
}
