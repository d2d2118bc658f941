import type { Clock, Timer } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'

/**
 * What the first attempt resolves to that succeeds. The next one is made when the last fails, or after so long beside
 * it.
 *
 * @param onOvertaken - Called with the index of each that was made before and is neither.
 */
export function firstOf<Result>(
  attempts: (() => Promise<Result>)[],
  { clock, afterMs, onOvertaken }: { clock: Clock; afterMs: number; onOvertaken: (index: number) => void },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const underWay = new Set<number>()
    let made = 0
    let timer: Timer | undefined
    const failures: unknown[] = []
    const failed = (index: number, error: unknown) => {
      underWay.delete(index)
      failures.push(error)
      if (failures.length === attempts.length) reject(failures.find(isFinal) ?? error)
      else if (made < attempts.length) next()
    }
    const succeeded = (index: number, result: Result) => {
      timer?.cancel()
      made = attempts.length
      resolve(result)
      for (const other of underWay) if (other < index) onOvertaken(other)
      underWay.clear()
    }
    const next = () => {
      timer?.cancel()
      const index = made++
      underWay.add(index)
      if (made < attempts.length) timer = clock.setTimer({ afterMs, background: true }, next)
      attempts[index]!().then(
        (result) => succeeded(index, result),
        (error: unknown) => failed(index, error),
      )
    }
    next()
  })
}

function isFinal(error: unknown): boolean {
  return MillraceError.is(error) && !error.retryable
}
