export { experimentOptions } from './options.ts'
export { createVerifier, experimentBatches, experimentErrors } from './records/index.ts'
