export { createVerifier, type Verification } from './verifier.ts'
export { experimentBatches } from './generator.ts'
export { experimentOptions } from './options.ts'
