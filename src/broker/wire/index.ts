export { MalformedRequest, Reader } from './reader.ts'
export type { InputOf, Type, ValueOf } from './schema.ts'
export { Writer } from './writer.ts'
