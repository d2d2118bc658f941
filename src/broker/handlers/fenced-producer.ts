import { type ErrorCode, errorCode } from '../../protocol/index.ts'

/** What a client is told that asks in a version older than PRODUCER_FENCED (KIP-588): that its epoch is wrong. */
export function fencedProducerError(error: ErrorCode, version: number, fencedSince: number): ErrorCode {
  return error === errorCode.producerFenced && version < fencedSince ? errorCode.invalidProducerEpoch : error
}
