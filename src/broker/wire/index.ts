export { MalformedRequest, Reader } from './reader.ts'
export { type InputOf, int16, int32, struct, type Type, type ValueOf } from './schema.ts'
export { Writer } from './writer.ts'
