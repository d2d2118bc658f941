export {
  decodeScramName,
  encodeScramName,
  exclusiveOr,
  type ScramHash,
  scramIterationsMin,
  scramKeyBytes,
  scramKeys,
  scramSignature,
} from './scram.ts'
