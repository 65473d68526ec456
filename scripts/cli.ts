#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { redactUrls } from '../src/chain/redact.ts'
import { secretsOfUrls } from '../src/chain/secrets.ts'
import { version } from '../src/index.ts'
import { attestCommand } from './cli/attest.ts'
import { backtestCommand } from './cli/backtest.ts'
import { compareCommand } from './cli/compare.ts'
import { UsageError } from './cli/context.ts'
import { decodeCommand } from './cli/decode.ts'
import { deployCommand } from './cli/deploy.ts'
import { devnetCommand } from './cli/devnet.ts'
import { doctorCommand } from './cli/doctor.ts'
import { historyCommand } from './cli/history.ts'
import { keeperCommand } from './cli/keeper.ts'
import { keysCommand } from './cli/keys.ts'
import { ladderCommand } from './cli/ladder.ts'
import { marginCommand } from './cli/margin.ts'
import { closeSockets } from './cli/nodeTransport.ts'
import { exitCodes, printError } from './cli/output.ts'
import { paramsCommand } from './cli/params.ts'
import { postCommand } from './cli/post.ts'
import { readCommand } from './cli/read.ts'
import { verifyCommand } from './cli/verify.ts'
import { whatIfCommand } from './cli/whatif.ts'

const program = new Command('plimsoll')
  .description('Cross-protocol portfolio margin: read, calculate, attest, post, verify.')
  .version(version)
  // What follows the name of a command is its own, down to `devnet set-price --json`.
  .enablePositionalOptions()
  .addHelpText(
    'after',
    '\nExit codes: 0 success, 1 refused or failed (the message says why), 2 wrong usage, 3 what was compared differs, or a back-test is not green.',
  )
for (const command of [
  devnetCommand,
  readCommand,
  marginCommand,
  compareCommand,
  backtestCommand,
  ladderCommand,
  whatIfCommand,
  attestCommand,
  postCommand,
  verifyCommand,
  decodeCommand,
  deployCommand,
  doctorCommand,
  keeperCommand,
  keysCommand,
  paramsCommand,
  historyCommand,
]) {
  program.addCommand(command)
}
const secrets = secretsOfUrls(urlsOf(process.argv))
rejectWith(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.success : exitCodes.usage
  else {
    printError(process.argv.includes('--json'), error, secrets)
    process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failure
  }
} finally {
  await closeSockets()
}

/** URLs among the arguments, given as `--rpc <url>` or `--rpc=<url>`. */
function urlsOf(argv: readonly string[]): string[] {
  return argv.map((argument) => argument.replace(/^--[\w-]+=/, '')).filter((text) => /^[a-z]+:\/\//i.test(text))
}

/** Wrong usage throws, so that it can have an exit code of its own, and is told without what a URL in it holds. */
function rejectWith(command: Command): void {
  command.exitOverride()
  command.configureOutput({ writeErr: (text) => process.stderr.write(redactUrls(text, secrets)) })
  for (const child of command.commands) rejectWith(child)
}
