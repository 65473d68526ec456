import { InvalidInputError } from '../../src/core/errors.ts'

/** A terminal that is read from and the stream that questions go to. */
export type Terminal = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown }
  readonly output: NodeJS.WritableStream
}

const own: Terminal = { input: process.stdin, output: process.stderr }

/**
 * Asks for a line that is not shown, at a terminal.
 *
 * @throws {InvalidInputError} without a terminal, and when the person gives up by Ctrl-C or Ctrl-D.
 */
export function promptHidden(question: string, { input, output }: Terminal = own): Promise<string> {
  if (!input.isTTY || !input.setRawMode) {
    return Promise.reject(
      new InvalidInputError('There is no terminal to ask at.', { metaMessages: ['Give --password-file.'] }),
    )
  }
  output.write(question)
  input.setRawMode(true)
  input.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let line = ''
    const end = (settle: () => void) => {
      input.setRawMode?.(false)
      input.pause()
      input.removeListener('data', take)
      output.write('\n')
      settle()
    }
    const take = (chunk: string | Buffer) => {
      const characters = [...`${chunk}`]
      for (const [index, character] of characters.entries()) {
        if (character === '\r' || character === '\n') {
          // What was pasted behind the line belongs to the next question.
          const rest = characters.slice(index + 1).join('')
          return end(() => {
            if (rest !== '') input.unshift(rest)
            resolve(line)
          })
        }
        if (character === '\u0003' || character === '\u0004') {
          return end(() => reject(new InvalidInputError('Given up; nothing was written.')))
        }
        if (character === '\u007f' || character === '\b') line = [...line].slice(0, -1).join('')
        else if (character >= ' ') line += character
      }
    }
    input.on('data', take)
    input.resume()
  })
}

/** All of standard input. */
export async function readInput(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) text += chunk
  return text
}
