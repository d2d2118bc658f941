/**
 * `node:http`, as an import of it would be but for what that loads: to name all exports an import asks for each, and some
 * of them are getters that load undici, 35 ms of CPU at every start of a process.
 */
export const http = process.getBuiltinModule('node:http')
