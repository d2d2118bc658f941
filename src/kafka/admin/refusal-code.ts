import { KafkaError } from '../../core/errors.ts'
import { errorName } from '../../protocol/index.ts'

/** Whether an error is a broker's refusal, with this code. */
export function isRefusal(error: unknown, code: number): boolean {
  return brokerErrorOf(error) === errorName(code)
}

/** The name of what a broker has refused with; undefined for other errors. */
export function brokerErrorOf(error: unknown): unknown {
  return error instanceof KafkaError ? error.details['brokerError'] : undefined
}
