import { toFunctionSelector } from 'viem'
import { contractErrors } from '../src/attest/contractErrors.ts'

/** The text of docs/errors.md. */
export function errorsMarkdown(): string {
  const groups = Object.entries(contractErrors).map(([title, errors]) =>
    [
      `## ${title}`,
      ...errors.map(({ signature, cause, fix }) => {
        const name = signature.slice(0, signature.indexOf('('))
        return `### ${name}\n\n\`${selectorOf(signature)}\` \`${signature}\`\n\n${cause}\n**Fix:** ${fix}`
      }),
    ].join('\n\n'),
  )
  const head = `# Errors of the contracts

Every custom error that a contract of ours can revert with, by what raises it. \`plimsoll decode <hex>\` explains revert data or a selector with
the same words, and says amounts in USD and times as dates. Written by scripts/generateErrors.ts from src/attest/contractErrors.ts.`
  return `${[head, ...groups].join('\n\n')}\n`
}

function selectorOf(signature: string): string {
  const [name = '', rest = ''] = signature.split(/\((.*)\)$/)
  const types = rest === '' ? [] : rest.split(', ').map((argument) => argument.split(' ')[0])
  return toFunctionSelector(`${name}(${types.join(',')})`)
}
