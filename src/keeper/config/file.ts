import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { checkConfig } from './checks.ts'
import type { KeeperConfig } from './config.ts'
import { ConfigError, type ConfigIssue, issuesOf } from './issue.ts'
import { resolveConfig } from './resolve.ts'
import { keeperConfigSchema } from './schema.ts'

/** More would hide the first. */
const mostIssues = 20

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads keeper.yaml with the files that it names secrets in. `${NAME}` in a value stands for an environment variable, `$$` for
 * one dollar sign.
 *
 * @throws {ConfigError} naming line, field and remedy of everything that is wrong; it never repeats a value.
 */
export async function loadKeeperConfig(file: string, env: Environment = process.env): Promise<KeeperConfig> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`Cannot read ${file}: ${cause.code ?? 'error'}.`, {
      metaMessages: ['Write one with `plimsoll keeper init`, or name another with --config.'],
      cause,
    })
  })
  return parseKeeperConfig(text, { file, env })
}

/**
 * Parses the text of a keeper.yaml; paths in it are relative to the directory of `file`.
 *
 * @throws {ConfigError} as {@link loadKeeperConfig} does.
 */
export async function parseKeeperConfig(
  text: string,
  { file, env }: { readonly file: string; readonly env: Environment },
): Promise<KeeperConfig> {
  const lines = new LineCounter()
  // Every scalar is text: as YAML's own numbers, an address or an amount would lose digits.
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
  })
  const lineAt = (offset: number) => lines.linePos(offset).line
  const reject = (found: readonly (ConfigIssue & { readonly line?: number | undefined })[]) => {
    if (found.length === 0) return
    const described = found.slice(0, mostIssues).map(({ path, message, line }) => {
      const field = path.map(String).join('.')
      return `${line === undefined ? '' : `line ${line}: `}${field === '' ? '' : `${field}: `}${message}`
    })
    const others = found.length - described.length
    const metaMessages = others === 0 ? described : [...described, `and ${others} more`]
    throw new ConfigError(`${file} is not valid.`, { metaMessages })
  }
  const located = (issues: readonly ConfigIssue[]) =>
    issues.map((issue) => {
      const offset = offsetOf(document, issue.path)
      return offset === undefined ? issue : { ...issue, line: lineAt(offset) }
    })

  // What stands behind the first place that is not YAML is mostly misunderstood, too.
  const isRepeated = ({ code }: { readonly code: string }) => code === 'DUPLICATE_KEY'
  const broken = document.errors.find((error) => !isRepeated(error))
  reject(
    (broken ? [broken] : document.errors).map(({ code, pos: [offset] }) => {
      const line = lineAt(offset)
      return { path: [], line, message: describeYamlError(code, text.split('\n')[line - 1] ?? '') }
    }),
  )
  reject(located(expandEnvironment(document, env)))
  const parsed = keeperConfigSchema.safeParse(document.toJS())
  if (!parsed.success) {
    reject(located(issuesOf(parsed.error)))
    throw parsed.error
  }
  const directory = dirname(resolve(file))
  const { config, issues } = await resolveConfig(parsed.data, {
    pathOf: (name) => resolve(directory, name),
    readText: (name) => readFile(resolve(directory, name), 'utf8'),
  })
  reject(located(issues))
  reject(located(checkConfig(config)))
  return config
}

/** Replaces variables in place and tells which are not set. */
function expandEnvironment(document: Document, env: Environment): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return
      node.value = node.value.replaceAll(/\$\$|\$\{([^}]*)\}/g, (text, name: string | undefined) => {
        if (name === undefined) return '$'
        const isName = /^[A-Za-z_]\w*$/.test(name)
        const value = isName ? env[name] : undefined
        if (value !== undefined) return value
        const found = isName ? `the environment has no ${name}; set it` : 'between the braces is no name of a variable'
        issues.push({ path: pathOf([...ancestors, node]), message: `${found}, or write $$ for a dollar sign` })
        return text
      })
    },
  })
  return issues
}

function pathOf(ancestors: readonly unknown[]): readonly PropertyKey[] {
  return ancestors.flatMap((node, index): readonly PropertyKey[] => {
    if (isPair(node)) return [String(isScalar(node.key) ? node.key.value : node.key)]
    const parent = ancestors[index - 1]
    if (typeof parent !== 'object' || parent === null || isMap(parent) || isPair(parent)) return []
    const items: unknown = 'items' in parent ? parent.items : undefined
    return Array.isArray(items) ? [items.indexOf(node)] : []
  })
}

/** Where the innermost part of a path stands that is in the file: the key of a field, or an item. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const key = isMap(parent)
      ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key
      : undefined
    const node = key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return undefined
}

function describeYamlError(code: string, line: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same key twice; leave one out'
  // Inside of brackets YAML takes the braces of a variable for its own.
  const hint = line.includes('$'.concat('{')) ? '; put quotes around a variable inside of brackets' : ''
  return `not YAML (${code.toLowerCase().replaceAll('_', ' ')})${hint}`
}
