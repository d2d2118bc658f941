import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

const capabilities = { textDocument: { hover: { contentFormat: ['markdown'] } } }

/** What an editor asks of the TypeScript compiler: the text that it shows where the mouse points. */
export class LanguageServer implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>()
  #received = Buffer.alloc(0)
  #lastId = 0

  private constructor(command: string) {
    this.#process = spawn(command, ['--lsp', '--stdio'])
    this.#process.stdout.on('data', (bytes: Buffer) => this.#receive(bytes))
    this.#process.once('exit', (code) => {
      for (const { reject } of this.#open.values()) reject(new Error(`the language server ended with ${code}`))
    })
  }

  static async start(command: string, root: string): Promise<LanguageServer> {
    const server = new LanguageServer(command)
    await server.#ask('initialize', { processId: null, rootUri: pathToFileURL(root).href, capabilities })
    server.#send({ method: 'initialized', params: {} })
    return server
  }

  /** Opens a file, so that it can be asked about. */
  open(path: string): void {
    const document = {
      uri: pathToFileURL(path).href,
      languageId: 'typescript',
      version: 1,
      text: readFileSync(path, 'utf8'),
    }
    this.#send({ method: 'textDocument/didOpen', params: { textDocument: document } })
  }

  /** What stands at a place of a file that is open, as code and in words; line and character count from 0. */
  async hover(path: string, line: number, character: number): Promise<{ signature: string; text: string }> {
    const question = { textDocument: { uri: pathToFileURL(path).href }, position: { line, character } }
    const answer = (await this.#ask('textDocument/hover', question)) as { contents: { value: string } } | null
    const { signature = '', text = '' } =
      /^```\w*\n(?<signature>.*?)\n```\n(?<text>.*)$/s.exec(answer?.contents.value ?? '')?.groups ?? {}
    return { signature, text: text.replaceAll(/\s+/g, ' ').trim() }
  }

  /** What may stand at a place, such as the properties that an object may have. */
  async completions(path: string, line: number, character: number): Promise<string[]> {
    const question = { textDocument: { uri: pathToFileURL(path).href }, position: { line, character } }
    const answer = (await this.#ask('textDocument/completion', question)) as { items: { label: string }[] } | null
    return (answer?.items ?? []).map(({ label }) => label.replace(/\?$/, ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ask('shutdown', undefined)
    this.#send({ method: 'exit' })
    this.#process.stdin.end()
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#lastId
    const answered = Promise.withResolvers<unknown>()
    this.#open.set(id, answered)
    this.#send({ id, method, params })
    return answered.promise
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = Number(/Content-Length: (\d+)/.exec(this.#received.toString('latin1', 0, headEnd))![1])
      const bodyStart = headEnd + 4
      if (this.#received.length < bodyStart + length) return
      const answer: Answer = JSON.parse(this.#received.toString('utf8', bodyStart, bodyStart + length))
      this.#received = this.#received.subarray(bodyStart + length)
      this.#settle(answer)
    }
  }

  #settle({ id, method, result, error }: Answer): void {
    if (id === undefined) return
    // A question of the server's own, such as for settings: there are none.
    if (method !== undefined) return this.#send({ id, result: null })
    const open = this.#open.get(id)
    this.#open.delete(id)
    if (error === undefined) open?.resolve(result)
    else open?.reject(new Error(error.message))
  }
}
