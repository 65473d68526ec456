import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { Address, Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { addressInKeystore, createKeystore, signerFromKey, signerFromKeystore } from '../../src/attest/keystore.ts'
import { InvalidInputError } from '../../src/core/errors.ts'
import { formatTable } from '../../src/report/table.ts'
import { UsageError } from './context.ts'
import { readTextFile } from './deployment.ts'
import { print } from './output.ts'
import { promptHidden, readInput } from './prompt.ts'

type Options = { readonly dir: string; readonly passwordFile?: string; readonly json?: boolean }

const withOptions = (command: Command) =>
  command
    .option('--dir <directory>', 'directory of the keystores', 'keystores')
    .option('--password-file <file>', 'file with the password, instead of a prompt')
    .option('--json', 'print one JSON object')

const newCommand = withOptions(new Command('new'))
  .description('make a key and write it as an encrypted keystore')
  .argument('<name>', 'name of the file, such as attestor')
  .action(async (name: string, options: Options) => {
    const file = fileOf(name, options)
    await save(file, generatePrivateKey(), await newPassword(options), options)
  })

const importCommand = withOptions(new Command('import'))
  .description('write a key that exists as an encrypted keystore; asks for it, or reads it from standard input')
  .argument('<name>', 'name of the file, such as payer')
  // Commander would repeat what is too much.
  .allowExcessArguments()
  .action(async (name: string, options: Options, { args }: Command) => {
    // Whoever can list processes can read arguments.
    if (args.length > 1) throw new UsageError('A key is never an argument; give it at the prompt or on standard input.')
    const file = fileOf(name, options)
    const isTyped = process.stdin.isTTY === true
    if (!isTyped && options.passwordFile === undefined) {
      throw new UsageError('Give --password-file where there is nobody to ask.')
    }
    const text = isTyped ? await promptHidden('Private key (hidden): ') : await readInput()
    const digits = text.trim()
    const key = (digits.startsWith('0x') ? digits : `0x${digits}`) as Hex
    signerFromKey(key)
    await save(file, key, await newPassword(options), options)
  })

const listCommand = withOptions(new Command('list'))
  .description('list the keystores of the directory')
  .action(async (options: Options) => {
    const names = await readdir(options.dir).catch((cause: NodeJS.ErrnoException) => {
      throw new InvalidInputError(`Cannot read ${options.dir}: ${cause.code ?? 'error'}.`, {
        metaMessages: ['Name the directory of the keystores with --dir.'],
      })
    })
    const files = names.filter((name) => name.endsWith('.json')).sort()
    const keys = await Promise.all(
      files.map(async (name) => {
        const file = join(options.dir, name)
        return { name: name.slice(0, -'.json'.length), address: await addressOf(file), file }
      }),
    )
    print(options.json, { keys }, () =>
      keys.length === 0
        ? `There is no keystore in ${options.dir}.`
        : formatTable(
            [{ title: 'name' }, { title: 'address' }],
            keys.map(({ name, address }) => [name, address ?? 'not in the file']),
          ),
    )
  })

const showCommand = withOptions(new Command('show'))
  .description('show the address of a keystore; with --password-file, also whether it opens and holds that key')
  .argument('<name>', 'name of the file, or a path to it')
  .action(async (name: string, options: Options) => {
    const file = name.includes('/') || name.endsWith('.json') ? name : fileOf(name, options)
    const text = await readTextFile(file)
    const { passwordFile } = options
    const opened =
      passwordFile === undefined
        ? undefined
        : signerFromKeystore(text, withoutNewline(await readTextFile(passwordFile))).address
    const address = opened ?? addressInKeystore(text)
    if (address === undefined) {
      throw new InvalidInputError(`${file} does not name its address.`, {
        metaMessages: ['Give --password-file, to open it.'],
      })
    }
    print(options.json, { file, address, opens: opened !== undefined }, () =>
      opened === undefined ? address : `${address}  opens with this password`,
    )
  })

export const keysCommand = new Command('keys')
  .description('encrypted keystores (V3, scrypt), as cast, geth and ethers read them')
  .addCommand(newCommand)
  .addCommand(importCommand)
  .addCommand(listCommand)
  .addCommand(showCommand)

function fileOf(name: string, { dir }: Options): string {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    throw new UsageError('The name of a key has letters, digits, dots, dashes and underscores, and never is the key.')
  }
  // A key by mistake would stand in the list of files for all to see.
  if (/^(0x)?[\da-fA-F]{64}$/.test(name)) throw new UsageError('That is a key, not a name; take it as known to others.')
  return join(dir, `${name}.json`)
}

async function newPassword({ passwordFile }: Options): Promise<string> {
  if (passwordFile !== undefined) return withoutNewline(await readTextFile(passwordFile))
  const password = await promptHidden('Password: ')
  if ((await promptHidden('Password again: ')) !== password) {
    throw new InvalidInputError('The two passwords differ.', { metaMessages: ['Nothing was written; try again.'] })
  }
  return password
}

/** Writes a new file that its owner alone may read. */
async function save(file: string, key: Hex, password: string, { json }: Options): Promise<void> {
  const text = createKeystore(key, password)
  const { address } = signerFromKey(key)
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new InvalidInputError(
      code === 'EEXIST' ? `${file} is there already.` : `Cannot write ${file}: ${code ?? 'error'}.`,
      { metaMessages: [code === 'EEXIST' ? 'A key is never overwritten; choose another name.' : 'Check the path.'] },
    )
  }
  print(json, { file, address }, () => `saved ${file}  ${address}  (V3 scrypt; readable by cast, geth and ethers)`)
}

async function addressOf(file: string): Promise<Address | undefined> {
  return addressInKeystore(await readTextFile(file))
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '')
}
