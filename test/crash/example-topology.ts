/** A program of `examples/` under another name, on topics that are called after that. */
import { examples } from '../examples/all.ts'
import { renamed } from '../examples/renamed.ts'

const { BENCH_APP, BENCH_EXAMPLE } = process.env

export default renamed(examples.find(({ name }) => name === BENCH_EXAMPLE)!.topology, BENCH_APP!)
